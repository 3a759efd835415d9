// An answer in JSON that may take its time; a failure after the headers is told by its body alone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorBody, expected } from './errors.ts';
import { keptAlive } from './kept-alive.ts';

/** So long the status waits for what may still fail; then headers go out, for a departure to be seen. */
const STATUS_WITHIN_MS = 1_000;

export async function answerLate(
  answer: Promise<unknown>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('content-type', 'application/json');
  const told = answer.then(
    (body) => ({ body, status: 200 }),
    (thrown) => {
      if (response.destroyed) return { body: undefined, status: 200 }; // it was ended because its client left
      const error = expected(thrown);
      return { body: errorBody(error, request), status: error.status };
    },
  );
  const { body, status } = await keptAlive(response, told, sleep(STATUS_WITHIN_MS));
  if (response.destroyed) return;
  if (!response.headersSent) response.statusCode = status;
  response.end(JSON.stringify(body));
}
