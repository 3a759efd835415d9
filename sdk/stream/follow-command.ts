// One command's events over as many connections as it takes: no event twice, none left out.
import { Attempts } from '../connection/attempts.ts';
import type { Call, Connection } from '../connection/connection.ts';
import { cutOff, FailedTry } from '../connection/failed-try.ts';
import { readChunks } from '../connection/read-chunks.ts';
import { type CommandEvent, decodeEvents } from '../protocol/index.ts';

/** A connection that held this long got somewhere even where the command said nothing. */
const STEADY_MS = 10_000;

export interface Following {
  /** The call that begins the stream. It may go out more than once, so it must be safe to repeat. */
  begin: Call;
  /** The call that goes on behind the event of that seq. */
  resume: (after: number) => Call;
  /** Seq of the last event that the caller has already. */
  after: number;
  signal?: AbortSignal | undefined;
}

/** The events up to and with the last one, which is `exit` or `error`. */
export async function* followCommand(
  connection: Connection,
  { begin, resume, after, signal: ends }: Following,
): AsyncGenerator<CommandEvent, void, undefined> {
  const { policy } = connection;
  const signal = connection.signalWith(ends);
  const attempts = new Attempts(policy, 'always', signal);
  let last = after;
  let begun = false;
  for (;;) {
    const openedAtMs = policy.now();
    try {
      // Until an event came nobody knows whether the command exists, so the first call is made again.
      const body = await connection.open(begun ? resume(last) : begin, 'text/event-stream');
      for await (const event of eventsOf(readChunks(body, { silenceMs: policy.silenceMs, signal }))) {
        if (event.type === 'start' && begun) continue;
        begun = true;
        if ('seq' in event) {
          if (event.seq <= last) continue;
          last = event.seq;
        }
        attempts.progressed();
        yield event;
        if (event.type === 'exit' || event.type === 'error') return;
      }
      throw cutOff('the stream ended before its last event');
    } catch (failure) {
      if (!(failure instanceof FailedTry)) throw failure;
      if (policy.now() - openedAtMs >= STEADY_MS) attempts.progressed();
      await attempts.next(failure);
    }
  }
}

/** Bytes that make no event were damaged on the way: as good as a cut. */
async function* eventsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CommandEvent, void, undefined> {
  try {
    yield* decodeEvents(chunks);
  } catch (error) {
    throw error instanceof SyntaxError ? cutOff('the stream was damaged', error) : error;
  }
}
