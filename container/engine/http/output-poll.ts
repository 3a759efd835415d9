// A poll of a command's output: a page at once, or, with `waitMs`, when there is output or the end.
import type { ServerResponse } from 'node:http';
import { LIMITS } from '#protocol';
import type { Command } from '../command/command.ts';
import { type PageRequest, readPage } from '../command/page.ts';
import { readMasked } from '../secrets/masked-lines.ts';
import { isRaw } from './is-raw.ts';
import { keptAlive } from './kept-alive.ts';

export interface Poll extends PageRequest {
  waitMs: number;
}

/** What is not a number reads as 0, or as the default; what is too much as the most. */
export function pollOf(query: (name: string) => string | undefined): Poll {
  const whole = (name: string) => {
    const value = Number(query(name));
    return Number.isSafeInteger(value) && value > 0 ? value : 0;
  };
  return {
    since: whole('since'),
    waitMs: Math.min(whole('waitMs'), LIMITS.waitMs),
    maxBytes: Math.min(whole('maxBytes') || LIMITS.pageBytes, LIMITS.inlineOutputBytes),
    maxOutputBytes: Math.min(whole('maxOutputBytes'), LIMITS.inlineOutputBytes) || undefined,
    raw: isRaw(query('raw')),
  };
}

export async function answerPoll(command: Command, poll: Poll, response: ServerResponse): Promise<void> {
  response.setHeader('content-type', 'application/json');
  await keptAlive(response, newsOf(command, poll, response));
  if (response.destroyed) return;
  const page = readPage(command, poll);
  if (command.exit) exitTold.set(command, page.nextSeq);
  response.end(JSON.stringify(page));
}

/**
 * Where a reader stands who was told the exit code of a process whose output is still held open: that one
 * waits for more, while one who comes from elsewhere is told at once.
 */
const exitTold = new WeakMap<Command, number>();

/** Whether there is a line to be told: the beginning of a secret is not, until it is known not to be one. */
function isMore(command: Command, since: number, raw: boolean): boolean {
  const { log, masks } = command;
  if (log.seq <= since || raw || masks.isEmpty) return log.seq > since;
  return readMasked({ log, masks, from: log.placeAfter(since), final: false }).lines.length > 0;
}

/** Resolves when there is a line after `since`, the command has exited or ended, or the wait is over. */
function newsOf(
  command: Command,
  { since, waitMs, raw = false }: Poll,
  response: ServerResponse,
): Promise<void> {
  const told = exitTold.get(command) === since;
  const isNews = () => command.ended || (command.exit !== undefined && !told) || isMore(command, since, raw);
  if (waitMs === 0 || isNews()) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stop();
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    const stop = command.onChange(() => isNews() && done());
    response.on('close', done);
  });
}
