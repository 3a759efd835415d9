// A repository in the sandbox, a server of it, and clones as they are told.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createParser } from 'eventsource-parser';
import { expect } from 'vitest';
import type { GitCloneResult, GitEvent } from '#protocol';
import { type Answer, api, type CallOptions, request } from './api.ts';
import { startProcess } from './process.ts';
import type { TestSession } from './session.ts';

const SOURCE = readFileSync(new URL('../fixtures/git-server.mjs', import.meta.url), 'utf8');

/** 3 MB that do not compress, on `main`; one commit more on `other`; the tag `v1`. */
const MAKE = `
  cd "$folder" && git init -q -b main src && cd src
  git config user.name T; git config user.email t@example.com
  head -c 3000000 /dev/urandom > blob; echo one > README; git add .; git commit -q -m one; git tag v1
  git checkout -q -b other; echo two > README; git commit -q -am two; git checkout -q main
  cd .. && git clone -q --bare src repo.git && git init -q --bare empty.git && rm -rf src
`;

/** Makes `repo.git` and `empty.git` in the folder. */
export async function makeRepositories(session: TestSession, folder: string): Promise<void> {
  const { exitCode, stderr } = await session.exec(`(${MAKE})`, { env: { folder } });
  expect(exitCode, stderr).toBe(0);
}

/** Serves the folder's repositories to who gives this password; see test/e2e/fixtures/git-server.mjs. */
export async function serveRepositories(
  session: TestSession,
  folder: string,
  user: string,
  password: string,
) {
  const path = `${folder}/git-server.mjs`;
  expect((await api('PUT', `/files?path=${path}`, SOURCE)).status).toBe(201);
  const header = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const hash = createHash('sha256').update(header).digest('hex');
  const { text } = await (await startProcess(session, `node ${path} ${folder} ${hash}`)).readUntil('\n');
  const host = `127.0.0.1:${/listening (\d+)/.exec(text)?.[1]}`;
  return {
    host,
    /** What it was asked for: host, path, `with` or `without` credentials. */
    async seen(): Promise<string[]> {
      return JSON.parse((await session.exec(`curl -s http://${host}/seen`)).stdout) as string[];
    },
  };
}

export const clone = (body: Record<string, unknown>): Promise<Answer<GitCloneResult>> =>
  api<GitCloneResult>('POST', '/git/clone', body);

/** The events of a clone, as they come. */
export async function* cloneEvents(
  body: Record<string, unknown>,
  options: CallOptions = {},
): AsyncGenerator<GitEvent> {
  const headers = { accept: 'text/event-stream' };
  const answer = await request('POST', '/git/clone', body, { ...options, headers });
  if (answer.status !== 200) expect.fail(`${answer.status} ${await answer.text()}`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const arrived: GitEvent[] = [];
  const parser = createParser({
    onEvent({ event, data }) {
      const told = JSON.parse(data) as GitEvent;
      expect(told.type).toBe(event);
      arrived.push(told);
    },
  });
  const text = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(text.decode(chunk, { stream: true }));
    yield* arrived.splice(0);
  }
}

/**
 * The command lines that have all these words, of processes to which the folder was named: others on the machine may
 * run git too. Git names the repository in the arguments or in the environment of all that it starts.
 */
export async function running(session: TestSession, folder: string, ...words: string[]): Promise<string[]> {
  const { stdout } = await session.exec(
    `grep -slF "$folder" /proc/[0-9]*/{cmdline,environ} | sed 's:[^/]*$::' | sort -u | while read -r process; do
       tr '\\0\\n' '  ' <"$process/cmdline" && echo
     done 2>/dev/null`,
    { env: { folder } },
  );
  return stdout.split('\n').filter((line) => words.every((word) => line.includes(word)));
}
