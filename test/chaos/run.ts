// A run: rounds of commands under faults, each followed by a settling in which everything is checked.
import { setTimeout as sleep } from 'node:timers/promises';
import { Effects } from './check/effects.ts';
import { Leaks } from './check/leaks.ts';
import { checkSessions } from './check/sessions.ts';
import { auditOne } from './client/audit.ts';
import { Driver } from './driver.ts';
import { strike } from './fault/faults.ts';
import { Random } from './random.ts';
import { Report } from './report.ts';
import type { FaultName, Target } from './target/target.ts';
import { World } from './world.ts';

export interface RunOptions {
  seed: string;
  /** It ends after the round in which the first of the two is reached. */
  minutes: number;
  commands: number;
  faults: readonly FaultName[];
  /** The mean time from one fault to the next. */
  everyMs: number;
  /** Called after each round. */
  progress?: (report: Report) => void;
  /** Called with each violation, as a text. */
  onViolation?: (violation: string) => void;
}

const SESSIONS = 16;
const COMMANDS_A_ROUND = 12;
/** Nothing that is asked for takes so long: a round that does hangs. */
const ROUND_MS = 150_000;
/** So many violations are enough to see what is wrong. */
const ENOUGH = 60;

export async function runChaos(target: Target, options: RunOptions): Promise<Report> {
  const { seed, faults, everyMs } = options;
  const report = new Report(options.onViolation);
  const random = new Random(seed);
  const world = new World(target, report, random.fork('world'), `${seed}-${process.pid}`, {
    connection: faults.includes('connection'),
    reader: faults.includes('reader'),
  });
  const drivers = Array.from(
    { length: SESSIONS },
    (_, at) => new Driver(world, random.fork(`session/${at}`)),
  );
  const effects = new Effects(world);
  const leaks = new Leaks(world);
  let hung = false;
  const deadline = Date.now() + options.minutes * 60_000;

  const more = () =>
    !hung &&
    Date.now() < deadline &&
    report.total('commands') < options.commands &&
    report.violationCount < ENOUGH;
  for (let round = 1; more(); round += 1) {
    const striking = new AbortController();
    const scene = { world, drivers, random: random.fork(`faults/${round}`) };
    const strikes = strikeUntil(striking.signal, () => strike(scene, faults), everyMs, scene.random);
    const audits = auditUntil(striking.signal, world, random.fork(`audits/${round}`));
    const commands = Promise.all(drivers.map((driver) => driver.run(COMMANDS_A_ROUND)));
    const over = commands.then(() => striking.abort());
    const settled = Promise.all([over, strikes, audits]).then(async () => {
      await checkSessions(world, drivers);
      await effects.check();
      await leaks.check(drivers);
    });
    try {
      hung = !(await within(settled, ROUND_MS));
    } catch (error) {
      hung = true;
      report.violation({ rule: 'every call is answered', got: (error as Error).stack });
    }
    striking.abort();
    if (hung) reportHang(report, drivers);
    report.count('checks', 'rounds');
    options.progress?.(report);
  }
  if (hung) return report;
  await Promise.all(drivers.map((driver) => driver.delete()));
  await leaks.check([]);
  return report;
}

/** Whether it came to its end in that time. What it throws is thrown. */
async function within(work: Promise<void>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return done;
}

function reportHang(report: Report, drivers: readonly Driver[]): void {
  for (const record of drivers.flatMap(({ live }) => live)) {
    const { id: commandId, sessionId: session, plan, way, faults, text } = record;
    const context = { way, ending: plan.ending, faults, text };
    report.violation({ rule: 'every command ends', commandId, session, kind: plan.kind, context });
  }
  report.violation({ rule: `a round ends within ${ROUND_MS} ms` });
}

async function strikeUntil(
  ended: AbortSignal,
  strikeOnce: () => Promise<void>,
  everyMs: number,
  random: Random,
): Promise<void> {
  while (!ended.aborted) {
    await sleep(random.int(0.2 * everyMs, 1.8 * everyMs));
    if (!ended.aborted) await strikeOnce();
  }
}

async function auditUntil(ended: AbortSignal, world: World, random: Random): Promise<void> {
  while (!ended.aborted) {
    if (world.ended.length > 0) await auditOne(world, random.pick(world.ended), random);
    await sleep(20);
  }
}
