// The median time of a call, in milliseconds: one slow call among many says nothing about growth.
import { medianOf } from '../result/statistics.ts';

export async function medianTime(act: () => Promise<unknown>, calls: number): Promise<number> {
  const samples: number[] = [];
  for (let call = 0; call < calls; call++) {
    const began = performance.now();
    await act();
    samples.push(performance.now() - began);
  }
  return medianOf(samples);
}
