// The events of one command to one client.
import type { ServerResponse } from 'node:http';
import { encodeEvent, LIMITS, SSE_COMMENT, SSE_CONTENT_TYPE } from '#protocol';
import type { Command } from '../command/command.ts';
import { OutputFollower } from '../command/follow.ts';
import { written } from './drained.ts';
import { EventPage } from './event-page.ts';

/**
 * `after` is the last seq the client has; 0 is the beginning. An output event covers at most `mostLines` of the log;
 * with `raw` secrets are left as they are.
 * Resolves when the stream has ended.
 */
export async function streamEvents(
  command: Command,
  after: number,
  response: ServerResponse,
  { mostLines = Infinity, raw = false }: { mostLines?: number; raw?: boolean } = {},
): Promise<void> {
  response.writeHead(200, {
    'content-type': SSE_CONTENT_TYPE,
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(SSE_COMMENT), LIMITS.heartbeatMs);
  const stopStart = after === 0 ? whenStarted(command, () => response.write(startEvent(command))) : () => {};
  const follower = new OutputFollower(command, after, raw);
  const events = new EventPage();
  try {
    for await (const page of follower.pages(response)) {
      const { bytes } = page((lines, seq) => events.encode(lines, seq, mostLines));
      await written(response, bytes);
      heartbeat.refresh();
    }
    if (!response.destroyed) response.end(lastEvent(command, follower.lostBytes));
  } finally {
    clearInterval(heartbeat);
    stopStart();
  }
}

/** Calls `act` now or when the command starts; a command that never does is not waited for. */
function whenStarted(command: Command, act: () => void): () => void {
  if (command.startedAt) {
    act();
    return () => {};
  }
  const stop = command.onChange(() => {
    if (!command.startedAt) return;
    stop();
    act();
  });
  return stop;
}

function startEvent(command: Command): string {
  const { id, request, queuedMs, startedAt } = command;
  return encodeEvent('start', {
    commandId: id,
    sessionId: request.sessionId,
    mode: request.mode,
    queuedMs,
    startedAt: startedAt!.toISOString(),
  });
}

function lastEvent(command: Command, lostBytes: number): string {
  const { failure } = command;
  if (failure) return encodeEvent('error', { code: failure.code, message: failure.message });
  return encodeEvent('exit', { ...command.exit, lostBytes });
}
