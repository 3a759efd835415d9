// Answers written to Node's own response, so that bodies are encoded once and go out at the client's pace.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';

export type EngineContext = Context<{ Bindings: HttpBindings }>;

/** Answers through Node's response; an error before its headers takes the usual way. */
export async function direct(
  c: EngineContext,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Response> {
  const { incoming, outgoing } = c.env as { incoming: IncomingMessage; outgoing: ServerResponse };
  try {
    await answer(incoming, outgoing);
  } catch (error) {
    if (!outgoing.headersSent) throw error;
    console.error(error);
    outgoing.destroy();
  }
  return RESPONSE_ALREADY_SENT;
}
