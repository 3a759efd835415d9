// Answers written to Node's own response, so that bodies are encoded once and go out at the client's pace.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EngineContext } from './routes.ts';

/** Answers through Node's response; an error before its headers takes the usual way. */
export async function direct(
  c: EngineContext,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<undefined> {
  const { incoming, outgoing } = c.env;
  try {
    await answer(incoming, outgoing);
  } catch (error) {
    if (!outgoing.headersSent) throw error;
    console.error(error);
    outgoing.destroy();
  }
  return undefined;
}
