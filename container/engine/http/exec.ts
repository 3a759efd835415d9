// An exec answered as JSON: its result when it ends, or, with `yieldMs`, that it goes on.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '#protocol';
import type { Command } from '../command/command.ts';
import { errorBody } from './errors.ts';
import { keptAlive } from './kept-alive.ts';
import { sendResult, sendYielded } from './result.ts';

export interface ExecAnswer {
  /** Milliseconds after which a command that has not ended is left to go on. */
  yieldMs?: number;
  /** Of each stream inline. */
  maxOutputBytes?: number;
  /** The caller was told that the command goes on: its leaving means nothing any more. */
  onYield(): void;
}

export async function answerExec(
  command: Command,
  { yieldMs, maxOutputBytes = LIMITS.inlineOutputBytes, onYield }: ExecAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('content-type', 'application/json');
  if (yieldMs !== undefined && !(await endsWithin(command, yieldMs))) {
    if (response.destroyed) return;
    onYield();
    response.statusCode = 202;
    await sendYielded(command, maxOutputBytes, response);
    return;
  }
  // A command that waits in the queue can still end as an error with a status of its own.
  const running = command.started.then(() => (command.ended ? new Promise(() => {}) : undefined));
  await keptAlive(response, command.done, running);
  if (response.destroyed) return;
  const { failure } = command;
  if (!failure) {
    await sendResult(command, maxOutputBytes, response);
    return;
  }
  if (!response.headersSent) response.statusCode = failure.status;
  response.end(JSON.stringify(errorBody(failure, request)));
}

async function endsWithin(command: Command, ms: number): Promise<boolean> {
  const over = new AbortController();
  const passed = sleep(ms, false, { signal: over.signal }).catch(() => false);
  try {
    return await Promise.race([command.done.then(() => true), passed]);
  } finally {
    over.abort();
  }
}
