// A `fetch` that is bad to its server: it hangs up before the answer or in the middle of it, and stops reading for a
// while. What it does is chosen by the seed; each is counted as a fault.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Report } from '../report.ts';

export interface WireFaults {
  connection: boolean;
  reader: boolean;
}

/** How often a request is hit, and how often one command may be, so that every command comes to its end. */
const CUT = 0.16;
const PAUSE = 0.08;
const MOST_CUTS = 4;

export class Wire {
  readonly #random: Random;
  readonly #report: Report;
  readonly #faults: WireFaults;
  #cuts = 0;

  constructor(random: Random, report: Report, faults: WireFaults) {
    this.#random = random;
    this.#report = report;
    this.#faults = faults;
  }

  /** As `fetch`; a cut throws as a broken connection does. */
  readonly fetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    const random = this.#random;
    const cuts = this.#faults.connection && this.#cuts < MOST_CUTS && random.chance(CUT);
    const inBody = random.chance(0.6);
    const hangUp = new AbortController();
    const signal = init.signal ? AbortSignal.any([init.signal, hangUp.signal]) : hangUp.signal;
    if (cuts) this.#cuts += 1;
    const timer = cuts && !inBody ? setTimeout(() => this.#cut(hangUp), random.int(0, 40)) : undefined;
    const response = await fetch(input, { ...init, signal }).finally(() => clearTimeout(timer));
    const cutAt =
      cuts && inBody
        ? random.weighted([
            [2, random.int(0, 300)],
            [1, random.int(0, 100_000)],
          ])
        : undefined;
    const pauseAt = this.#faults.reader && random.chance(PAUSE) ? random.int(0, 20_000) : undefined;
    if (!response.body || (cutAt === undefined && pauseAt === undefined)) return response;
    const body = this.#spoiled(response.body, cutAt, pauseAt, hangUp);
    return new Response(body, { status: response.status, headers: response.headers });
  };

  /** Pulled, so that while it pauses nobody reads from the connection. */
  #spoiled(
    body: ReadableStream<Uint8Array>,
    cutAt = Number.POSITIVE_INFINITY,
    pauseAt = Number.POSITIVE_INFINITY,
    hangUp: AbortController,
  ): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let seen = 0;
    let paused = false;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          const before = seen;
          seen += value.length;
          if (!paused && seen > pauseAt) {
            paused = true;
            this.#report.count('faults', 'reader stopped');
            await sleep(this.#random.int(50, 600));
          }
          if (seen <= cutAt) return controller.enqueue(value);
          if (cutAt > before) controller.enqueue(value.subarray(0, cutAt - before));
          this.#cut(hangUp);
          throw new TypeError('cut by chaos');
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  #cut(hangUp: AbortController): void {
    this.#report.count('faults', 'connection cut');
    hangUp.abort(new TypeError('cut by chaos'));
  }
}
