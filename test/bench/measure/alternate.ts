// Measures several things in turn, so that a machine that slows down slows all of them, and shows it in all.
import type { Samples, Unit } from '../result/figure.ts';

export interface Subject {
  id: string;
  what: string;
  unit: Unit;
  /** Does it once and returns its sample; for `ms` it may return nothing, and its time is taken. */
  act(): Promise<number | undefined>;
}

export interface Rounds {
  rounds: number;
  /** Samples of each subject in each round. */
  calls: number;
  /** Rounds before those that count. */
  warmUp?: number;
}

export async function alternate(
  subjects: Subject[],
  { rounds, calls, warmUp = 1 }: Rounds,
): Promise<Samples[]> {
  const taken = subjects.map(({ id, what, unit }): Samples => ({ id, what, unit, rounds: [] }));
  for (let round = -warmUp; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      // Another begins each round: what one leaves behind must not always fall to the same next one.
      const at = (turn + round + warmUp) % subjects.length;
      const samples: number[] = [];
      for (let call = 0; call < calls; call++) {
        const began = performance.now();
        const sample = await subjects[at]!.act();
        samples.push(sample ?? performance.now() - began);
      }
      if (round >= 0) taken[at]!.rounds.push(samples);
    }
  }
  return taken;
}
