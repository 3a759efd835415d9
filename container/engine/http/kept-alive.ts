// A JSON answer that takes its time: headers early, so that a client's departure is seen on the way through
// a Worker, and then blanks, which JSON ignores, so that no proxy cuts the connection.
import type { ServerResponse } from 'node:http';
import { LIMITS } from '#protocol';

/** Quick answers go out in one piece. */
const HEADERS_AFTER_MS = 25;

/** `ready` is waited for before headers are sent early: until then the status may still change. */
export async function keptAlive<T>(
  response: ServerResponse,
  answer: Promise<T>,
  ready: Promise<unknown> = Promise.resolve(),
): Promise<T> {
  let open = true;
  const begun = setTimeout(() => void ready.then(() => open && response.flushHeaders()), HEADERS_AFTER_MS);
  const heartbeat = setInterval(() => response.write(' '), LIMITS.heartbeatMs);
  try {
    return await answer;
  } finally {
    open = false;
    clearTimeout(begun);
    clearInterval(heartbeat);
  }
}
