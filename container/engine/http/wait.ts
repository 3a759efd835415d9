// A wait for a process, answered when it is over: met, not met in time, or never to be met.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS, type WaitRequest, type WaitResult } from '#protocol';
import type { ProcessRun } from '../process/process-run.ts';
import { waitFor } from '../process/wait.ts';
import { errorBody, expected } from './errors.ts';
import { keptAlive } from './kept-alive.ts';

export async function answerWait(
  run: ProcessRun,
  wanted: WaitRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('content-type', 'application/json');
  const left = new AbortController();
  response.once('close', () => left.abort());
  const deadline = AbortSignal.timeout(wanted.waitMs ?? LIMITS.defaultWaitMs);
  const answer = await keptAlive(
    response,
    asAnswer(run, waitFor(run, wanted, { deadline, left: left.signal })),
  );
  if (response.destroyed) return;
  if ('error' in answer) {
    if (!response.headersSent) response.statusCode = answer.error.status;
    response.end(JSON.stringify(errorBody(answer.error, request)));
  } else response.end(JSON.stringify(answer.result));
}

/** A failure may come after the headers; then only the body can tell it. */
async function asAnswer(run: ProcessRun, waiting: Promise<Omit<WaitResult, 'process'>>) {
  return await waiting.then(
    (result) => ({ result: { ...result, process: run.info() } }),
    (error) => ({ error: expected(error) }),
  );
}
