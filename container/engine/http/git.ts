// The route of a clone: its progress as server-sent events, or its result as JSON.
import type { ServerResponse } from 'node:http';
import {
  encodeEvent,
  GitCloneRequest,
  type GitEvent,
  LIMITS,
  OPERATIONS,
  SSE_COMMENT,
  SSE_CONTENT_TYPE,
} from '#protocol';
import type { Engine } from '../engine.ts';
import { answerLate } from './answer-late.ts';
import { readJson } from './body.ts';
import { direct } from './direct.ts';
import { expected } from './errors.ts';
import type { Routes } from './routes.ts';

export function gitRoutes(app: Routes, engine: Engine): void {
  app.post(OPERATIONS.gitClone.path, (c) =>
    direct(c, async (request, response) => {
      const wanted = await readJson(request, GitCloneRequest);
      const leaving = new AbortController();
      response.once('close', () => leaving.abort());
      const { signal } = leaving;
      const wantsStream = request.headers.accept?.includes(SSE_CONTENT_TYPE) ?? false;
      if (wantsStream) await streamClone(engine, wanted, signal, response);
      else await answerLate(engine.gitClone(wanted, { signal }), request, response);
    }),
  );
}

/** An error before git began has its own status, a later one is the last event. */
async function streamClone(
  engine: Engine,
  wanted: GitCloneRequest,
  signal: AbortSignal,
  response: ServerResponse,
): Promise<void> {
  const send = (event: GitEvent) => response.write(encodeEvent(event.type, event));
  let heartbeat: NodeJS.Timeout | undefined;
  const onBegin = () => {
    response.writeHead(200, {
      'content-type': SSE_CONTENT_TYPE,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    heartbeat = setInterval(() => response.write(SSE_COMMENT), LIMITS.heartbeatMs);
  };
  try {
    const done = await engine.gitClone(wanted, {
      signal,
      onBegin,
      // The next one tells what a slow reader has missed.
      onProgress: (progress) => response.writableNeedDrain || send({ type: 'progress', ...progress }),
    });
    send({ type: 'done', ...done });
  } catch (error) {
    if (!response.headersSent && !response.destroyed) throw error;
    if (response.destroyed) return; // the clone was ended because its client left
    const { code, message } = expected(error);
    send({ type: 'error', code, message });
  } finally {
    clearInterval(heartbeat);
  }
  response.end();
}
