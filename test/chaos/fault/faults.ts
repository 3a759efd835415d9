// What is done to the sandbox from outside, each at a moment of chance: something is killed, stopped, filled.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Driver, SESSION_MARK } from '../driver.ts';
import type { Random } from '../random.ts';
import { engineOf, isShell, kill, topmost } from '../target/processes.ts';
import type { FaultName } from '../target/target.ts';
import type { World } from '../world.ts';

export interface FaultScene {
  world: World;
  drivers: readonly Driver[];
  random: Random;
}

/** What was done, for the count; undefined where nothing was there to be hit. */
type Fault = (scene: FaultScene) => Promise<string | undefined>;

/** SIGKILL to the shell of one session. */
const shell: Fault = async ({ world, drivers, random }) => {
  const driver = random.pick(drivers);
  if (!driver.model) return undefined;
  const shells = world.target.processes().filter(isShell);
  const found = topmost(shells.filter(({ env }) => env.get(SESSION_MARK) === driver.id));
  if (!found) return undefined;
  // Before the kill: what ends at this very moment is excused as well.
  driver.shellKilled();
  driver.note('shell killed');
  return kill(found.pid, 'SIGKILL') ? 'shell killed' : undefined;
};

/** SIGKILL to the shell of one process. */
const process: Fault = async ({ world, drivers, random }) => {
  const live = drivers.flatMap((driver) => driver.liveProcesses);
  if (live.length === 0) return undefined;
  const record = random.pick(live);
  const root = topmost(world.target.processes().filter(({ env }) => env.get('__hf_id') === record.id));
  if (!root) return undefined;
  record.excuses.add('process');
  // Of one that an engine left to the next nobody hears how it was killed.
  if (world.engineDied) record.excuses.add('shell');
  record.faults.push('process killed');
  return kill(root.pid, 'SIGKILL') ? 'process killed' : undefined;
};

/** SIGSTOP to the engine, and SIGCONT after a while. */
const pause: Fault = async ({ world, drivers, random }) => {
  const engine = engineOf(world.target.processes());
  if (!engine) return undefined;
  note(drivers, 'engine stopped');
  kill(engine.pid, 'SIGSTOP');
  await sleep(random.int(20, 700));
  kill(engine.pid, 'SIGCONT');
  return 'engine stopped';
};

/** SIGKILL to the engine, at times to the next one too while it takes over. It excuses nothing. */
const engine: Fault = async ({ world, drivers, random }) => {
  for (let again = true; again; again = random.chance(0.25)) {
    const found = engineOf(world.target.processes());
    if (found && kill(found.pid, 'SIGKILL')) {
      world.engineDied = true;
      for (const driver of drivers) driver.engineKilled();
      note(drivers, `engine ${found.pid} killed`);
      world.report.count('faults', 'engine killed');
    }
    await sleep(random.int(0, 800));
  }
  await answers(world);
  return undefined;
};

/** SIGTERM to the container's first process, as the platform sends it to stop a container. */
const terminate: Fault = async (scene) => {
  await lose(scene, () => scene.world.target.terminateEngine!());
  return 'container terminated';
};

/** SIGKILL to all of it. */
const container: Fault = async (scene) => {
  await lose(scene, () => scene.world.target.loseContainer!());
  return 'container lost';
};

const object: Fault = async ({ world, drivers }) => {
  note(drivers, 'object reset');
  await world.target.resetObject!();
  await answers(world);
  return 'object reset';
};

const disk: Fault = async ({ world, drivers, random }) => {
  note(drivers, 'disk full');
  world.full = true;
  for (const driver of drivers) driver.diskFull();
  await world.target.fillDisk!(random.int(100, 500));
  world.full = false;
  return 'disk filled';
};

/** The wire's faults come from the clients themselves. */
const FAULTS: Partial<Record<FaultName, readonly [weight: number, fault: Fault]>> = {
  shell: [5, shell],
  process: [4, process],
  pause: [2, pause],
  engine: [4, engine],
  terminate: [1, terminate],
  container: [1, container],
  object: [1, object],
  disk: [1, disk],
};

/** One fault of those that are wanted. */
export async function strike(scene: FaultScene, wanted: readonly FaultName[]): Promise<void> {
  const choices = wanted.map((name) => FAULTS[name]).filter((choice) => choice !== undefined);
  if (choices.length === 0) return;
  const done = await scene.random.weighted(choices)(scene);
  if (done) scene.world.report.count('faults', done);
}

/** Until calls are answered again: one that was killed at every start would never come up. */
async function answers({ api }: World): Promise<void> {
  await api.json('/sessions');
}

function note(drivers: readonly Driver[], fault: string): void {
  for (const driver of drivers) driver.note(fault);
}

async function lose({ world, drivers }: FaultScene, go: () => Promise<void>): Promise<void> {
  world.epoch += 1;
  world.losing = true;
  note(drivers, 'container lost');
  for (const driver of drivers) driver.containerLost();
  await go();
  // What began before it was really hit may have run in it.
  world.epoch += 1;
  await answers(world);
  world.losing = false;
  for (const driver of drivers) driver.containerLost();
  // Whether what ended just now had its side effect cannot be looked up any more.
  if (!world.target.keepsFiles) for (const record of world.unverified) record.effects.least = 0;
}
