// Which plan comes next: a mix of all kinds, by the seed alone. Pure.
import type { Random } from '../random.ts';
import { ENDING_PLANS, PROCESS_ENDING_PLANS } from './endings.ts';
import { OUTPUT_PLANS } from './output.ts';
import type { Plan } from './plan.ts';
import { CHANGING_PLANS, COPY_SHOWING_PLANS, SHOWING_PLANS } from './state-changes.ts';

/** For a session's own shell. */
export function foregroundPlan(random: Random): Plan {
  const plans = random.weighted([
    [8, OUTPUT_PLANS],
    [7, CHANGING_PLANS],
    [6, SHOWING_PLANS],
    [2, ENDING_PLANS],
  ]);
  return random.weighted(plans)(random);
}

/** For a shell that others use at the same time: what it does is seen by nobody else. */
export function independentPlan(random: Random): Plan {
  return random.weighted(OUTPUT_PLANS)(random);
}

/** For a process, which is a copy of its session and changes nothing of it. */
export function processPlan(random: Random): Plan {
  const plans = random.weighted([
    [4, OUTPUT_PLANS],
    [2, COPY_SHOWING_PLANS],
    [3, PROCESS_ENDING_PLANS],
  ]);
  const plan = random.weighted(plans)(random);
  // A process takes its input from its client later, never with its start.
  return plan.stdin ? processPlan(random) : plan;
}
