// Which answers are gone on with when their engine breaks them off, and how: events behind the last one, JSON that
// took long behind its last byte. What goes on is the same command in the same generation, or the client is told.
import { encodeEvent, HoldfastError, SSE_CONTENT_TYPE } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { gone, seqAskedFor } from './lookups.ts';
import type { Outgoing } from './outgoing.ts';
import { RestOfJson } from './rest-of-json.ts';
import { type Resumable, resumed } from './resumed.ts';
import { WholeEvents } from './whole-events.ts';

/** In a row without a byte. */
const TRIES = 20;
const PAUSE_MS = 50;

export interface Begun {
  out: Outgoing;
  answer: Response;
  /** The generation that the answer comes from. */
  generation: number;
  signal: AbortSignal;
}

interface Sources {
  engine: Engine;
  store: Store;
}

const EVENTS = /^\/commands\/([^/]+)\/events(?:$|\?)/;

const encoder = new TextEncoder();

/** The answer as the client gets it; undefined where it passes as it is. */
export function continued(begun: Begun, sources: Sources, onEnd: () => void): Response | undefined {
  const { out, answer, signal } = begun;
  if (!answer.ok || !answer.body || answer.headers.has('content-length')) return undefined;
  const type = answer.headers.get('content-type') ?? '';
  const id = out.start?.id ?? EVENTS.exec(out.path)?.[1];
  if (type.startsWith(SSE_CONTENT_TYPE) && id !== undefined) {
    return resumed(answer, followedEvents(id, begun, sources), signal, onEnd);
  }
  if (type.startsWith('application/json') && out.repeatable) {
    return resumed(answer, followedJson(begun, sources), signal, onEnd);
  }
  return undefined;
}

function followedEvents(id: string, begun: Begun, { engine, store }: Sources): Resumable {
  const events = new WholeEvents(begun.out.start ? 0 : seqAskedFor(begun.out));
  const patience = new Patience();
  const fate = () => {
    const told = store.commands.get(id);
    const { code, message } = gone({ state: told && told.state !== 'running' ? told.state : 'lost' });
    return encoder.encode(encodeEvent('error', { code, message }));
  };
  const raw = /[?&]raw=(true|1)(&|$)/.test(begun.out.path) ? '&raw=true' : '';
  const again = (signal: AbortSignal) =>
    engine.fetch(`/commands/${id}/events?after=${events.lastSeq}${raw}`, { signal });
  return {
    take(chunk) {
      patience.renew();
      return events.take(chunk);
    },
    isWhole: () => events.complete,
    async goOn() {
      await patience.spend();
      events.resume();
      const answer = await askedAgain(begun, engine, again);
      return answer?.ok ? { body: answer.body! } : { last: fate() };
    },
  };
}

function followedJson(begun: Begun, { engine }: Sources): Resumable {
  const json = new RestOfJson();
  const patience = new Patience();
  const { path, method, headers, body, start } = begun.out;
  // The result of a command that ended is always the same; what is asked meanwhile may not be.
  const isFixed = start !== undefined && begun.answer.status === 200;
  return {
    take(chunk) {
      patience.renew();
      return json.take(chunk);
    },
    isWhole: (ended) => ended && json.passed > 0,
    async goOn() {
      if (json.passed > 0 && !isFixed) throw new Error('the answer broke off');
      await patience.spend();
      json.resume();
      const again = (signal: AbortSignal) => engine.fetch(path, { method, headers, body, signal });
      const answer = await askedAgain(begun, engine, again);
      if (answer) return { body: answer.body! };
      if (json.passed > 0) throw new Error('the answer broke off, and the container has ended');
      const { code, message } = start ? gone({ state: 'lost' }) : ENDED;
      const error = new HoldfastError(code, message).toBody(headers.get('x-request-id') ?? '');
      return { last: encoder.encode(JSON.stringify(error)) };
    },
  };
}

const ENDED = { code: 'CONTAINER_UNAVAILABLE', message: 'The container ended during this request.' } as const;

/** An engine that breaks everything off is not asked for ever. */
class Patience {
  #spent = 0;

  renew(): void {
    this.#spent = 0;
  }

  async spend(): Promise<void> {
    this.#spent += 1;
    if (this.#spent > TRIES) throw new Error(`the engine broke off ${TRIES} times`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (this.#spent - 1)));
  }
}

/** The answer of the same generation's engine once it is there again; undefined when that generation is over. */
async function askedAgain(
  { generation, signal }: Begun,
  engine: Engine,
  ask: (signal: AbortSignal) => Promise<Response>,
): Promise<Response | undefined> {
  for (const patience = new Patience(); ; await patience.spend()) {
    signal.throwIfAborted();
    if (!(await engine.recovers(generation))) return undefined;
    try {
      const answer = await ask(signal);
      if (answer.status !== 503) return answer;
      await answer.body?.cancel();
    } catch {
      // It ended once more: whether for good is what the next turn finds out.
    }
  }
}
