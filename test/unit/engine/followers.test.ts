// Readers that follow different commands and are woken in the same moment: each gets its own command's bytes.
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Command } from '../../../container/engine/command/command.ts';
import { eachRun, OutputFollower } from '../../../container/engine/command/follow.ts';
import { CommandRecorder } from '../../../container/engine/command/recorder.ts';
import { Journal, journalHeader } from '../../../container/engine/journal/journal.ts';

const request = {
  sessionId: 'default',
  mode: 'foreground' as const,
  text: 'true',
  cwd: undefined,
  cwdStays: false,
  env: undefined,
  stdin: undefined,
  stdinOpen: false,
  timeoutMs: undefined,
  disconnectGraceMs: null,
};

const folder = mkdtempSync(join(tmpdir(), 'holdfast-followers-'));
const journal = Journal.begin(join(folder, 'journal'), journalHeader(1));
afterAll(() => rmSync(folder, { recursive: true }));

function running(id: string): Command {
  const recorder = new CommandRecorder(journal, id);
  const command = new Command(id, request, `/nowhere/${id}`, new Date(), recorder);
  command.start(new Date(), {});
  return command;
}

/** What a reader sees up to the end of the command. */
async function follow(command: Command): Promise<string> {
  const reader = Object.assign(new EventEmitter(), { destroyed: false }) as unknown as ServerResponse;
  const parts: string[] = [];
  for await (const page of new OutputFollower(command, 0).pages(reader)) {
    page((lines) => eachRun(lines, ({ data }) => parts.push(data.toString())));
  }
  return parts.join('');
}

test('followers of two commands that write in the same moment do not see each other’s bytes', async () => {
  const commands = ['first', 'second', 'third'].map(running);
  const readers = commands.map(follow);
  await new Promise((resolve) => setImmediate(resolve));
  const texts = commands.map(({ id }, at) => `${id} `.repeat(3 + at));
  for (const [at, command] of commands.entries()) {
    command.log.append('stdout', Buffer.from(`${texts[at]}\n`));
    command.changed();
  }
  await new Promise((resolve) => setImmediate(resolve));
  for (const command of commands) {
    command.finish({ exitCode: 0, signal: null, shellRestarted: false, cwd: '/' }, new Date());
  }
  expect(await Promise.all(readers)).toEqual(texts.map((text) => `${text}\n`));
});
