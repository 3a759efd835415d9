// What a session may be. One state as a rule; several after its shell was killed, since a killed shell goes back to
// a checkpoint, and which was the last one is the engine's affair. What commands then print leaves fewer. Pure.
import { keyOf, type State } from './state.ts';

interface Past {
  states: State[];
  sinceMs: number;
}

/** Beyond the age of any checkpoint that may still be gone back to. */
const REMEMBERED_MS = 300_000;

export class SessionModel {
  #possible: State[];
  /** Oldest first; the last is what the session may be now. */
  #history: Past[];

  constructor(first: State, nowMs: number) {
    this.#possible = [first];
    this.#history = [{ states: [first], sinceMs: nowMs }];
  }

  get possible(): readonly State[] {
    return this.#possible;
  }

  /** A command ended, and these are what the session may be after it. */
  advance(states: readonly State[], nowMs: number): void {
    const next = distinct(states);
    if (sameStates(next, this.#possible)) return;
    this.#possible = next;
    this.#history.push({ states: next, sinceMs: nowMs });
    while (this.#history[1] && nowMs - this.#history[1].sinceMs > REMEMBERED_MS) this.#history.shift();
  }

  /** The shell went back to a checkpoint that is not older than `lagMs`. */
  shaken(nowMs: number, lagMs: number): void {
    this.advance(this.since(nowMs, lagMs), nowMs);
  }

  /** All that the session has been in the last `lagMs`: what a checkpoint of that age can hold. */
  since(nowMs: number, lagMs: number): State[] {
    // A state counts from its beginning to that of the next.
    const from = this.#history.findIndex((_, at) => {
      const next = this.#history[at + 1];
      return next === undefined || nowMs - next.sinceMs <= lagMs;
    });
    return distinct(this.#history.slice(from).flatMap(({ states }) => states));
  }
}

export function distinct(states: readonly State[]): State[] {
  return [...new Map(states.map((state) => [keyOf(state), state])).values()];
}

function sameStates(a: readonly State[], b: readonly State[]): boolean {
  return a.length === b.length && a.every((state, at) => keyOf(state) === keyOf(b[at]!));
}
