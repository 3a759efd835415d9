// A server that has one ended command and serves its events as the engine does, but breaks
// connections off where it is told to.
import { type CommandEvent, encodeEvent } from '../../../sdk/protocol/index.ts';
import { type Cut, type Served, sendCut, sendError, serve } from './serve.ts';

const SSE = 'text/event-stream';

export const START: CommandEvent = {
  type: 'start',
  commandId: 'c1',
  sessionId: 'default',
  mode: 'foreground',
  queuedMs: 0,
  startedAt: '2026-01-01T00:00:00.000Z',
};

export const EXIT: CommandEvent = {
  type: 'exit',
  exitCode: 3,
  signal: null,
  timedOut: false,
  interrupted: false,
  outputLimited: false,
  shellRestarted: false,
  durationMs: 12.5,
  stdoutBytes: 9,
  stderrBytes: 4,
  lostBytes: 0,
  cwd: '/tmp',
};

/** `cuts[n]` is after how many bytes connection `n` breaks; those past the list are whole. */
export function recordedCommand(events: CommandEvent[], cuts: number[], how: Cut = 'torn'): Promise<Served> {
  return serve((res, { method, path }, nth) => {
    const url = new URL(path, 'http://x');
    const after = Number(url.searchParams.get('after') ?? 0);
    if (method === 'GET' && !/^\/commands\/[^/]+\/events$/.test(url.pathname))
      return sendError(res, 404, 'NOT_FOUND');
    const rest = events.filter((event) => !('seq' in event) || event.seq > after);
    const body = new TextEncoder().encode(rest.map(encoded).join(''));
    const cut = cuts[nth];
    if (cut !== undefined && cut < body.length) return sendCut(res, SSE, body, cut, how);
    res.writeHead(200, { 'content-type': SSE }).end(body);
  });
}

export function encoded(event: CommandEvent): string {
  const { type, ...data } = event;
  if (!('seq' in data)) return encodeEvent(type, data);
  const { seq, ...output } = data;
  return encodeEvent(type, output, seq);
}
