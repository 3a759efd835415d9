// One session and the client that uses it: runs plan after plan there, knows what the session should be, and holds
// every end against it.
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from './check/judge.ts';
import { abandon } from './client/abandon.ts';
import { Refused } from './client/api.ts';
import type { Call } from './client/call.ts';
import { converse, type Ended, interruptUntilEnded, signalUntilEnded, terminate } from './client/control.ts';
import { EXEC_WAYS, type ExecWay, execOver, orRefused } from './client/exec-ways.ts';
import { PROCESS_WAYS, type ProcessWay, readProcess, startProcess } from './client/process-ways.ts';
import { SessionModel } from './model/session-model.ts';
import { NEW } from './model/state.ts';
import { foregroundPlan, independentPlan, processPlan } from './plan/choose.ts';
import type { Plan } from './plan/plan.ts';
import { normalise, showAll } from './plan/state-changes.ts';
import type { Random } from './random.ts';
import { type CommandRecord, type Excuse, type Outcome, SeqMap } from './record.ts';
import type { World } from './world.ts';

/** Variable that tells whose shell a process is. */
export const SESSION_MARK = 'CHAOS_SESSION';

/** How old the newest checkpoint may be: of a shell that dies, and of a container. */
const SHELL_LAG_MS = 500;
const CONTAINER_LAG_MS = 15_000;

const WAYS = Object.keys(EXEC_WAYS) as ExecWay[];

export class Driver {
  readonly #world: World;
  readonly #random: Random;
  id = '';
  /** Undefined while the session is being made. */
  model: SessionModel | undefined;
  readonly #foreground = new Set<CommandRecord>();
  readonly #processes = new Set<CommandRecord>();
  #background: Promise<void>[] = [];
  /** What happened here lately, for the eye. */
  readonly #events: string[] = [];
  /** The model and the session parted: there is nothing more to learn from it. */
  #parted = false;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  get live(): CommandRecord[] {
    return [...this.#foreground, ...this.#processes];
  }

  get liveProcesses(): CommandRecord[] {
    return [...this.#processes];
  }

  /** Its shell was killed just now. */
  shellKilled(): void {
    this.#excuse(this.#foreground, 'shell');
    this.model?.shaken(Date.now(), SHELL_LAG_MS);
  }

  /** The engine was killed just now: of a shell that ends itself afterwards, or was just killed, nobody sees how. */
  engineKilled(): void {
    for (const { plan, excuses } of this.live) {
      const ends = plan.losesState || plan.ending === 'signal' || plan.ending === 'terminate';
      if (ends || excuses.has('process')) excuses.add('shell');
    }
  }

  /** Its container was lost just now. */
  containerLost(): void {
    this.#excuse(this.#foreground, 'container');
    this.#excuse(this.#processes, 'container');
    this.model?.shaken(Date.now(), CONTAINER_LAG_MS);
  }

  /** The disk was full a moment ago, or is. */
  diskFull(): void {
    this.#excuse(this.#foreground, 'disk');
    this.#excuse(this.#processes, 'disk');
  }

  /** Holds the session against its model. */
  async showState(): Promise<void> {
    if (this.model) await this.#runOne(showAll(this.#random));
  }

  /** For the eye: every command that lived through a fault says so. */
  note(fault: string): void {
    this.#event(fault);
    for (const record of this.live) record.faults.push(fault);
  }

  /** Runs so many commands, and waits for all that it started. */
  async run(count: number): Promise<void> {
    const random = this.#random;
    if (!this.model) await this.#create();
    for (let left = count; left > 0; ) {
      if (this.#parted) await this.#replace();
      else if (random.chance(0.04)) left -= await this.#burst(random.int(2, 6));
      else if (random.chance(0.12)) {
        this.#background.push(this.#startProcess(processPlan(random)));
        left -= 1;
      } else if (random.chance(0.015)) await this.#replace();
      else {
        await this.#runOne(foregroundPlan(random));
        left -= 1;
      }
    }
    await Promise.all(this.#background);
    this.#background = [];
  }

  async delete(): Promise<void> {
    this.#excuse(this.#foreground, 'deleted');
    this.#excuse(this.#processes, 'deleted');
    this.model = undefined;
    try {
      await this.#world.api.json(`/sessions/${this.id}`, { method: 'DELETE' });
    } catch (error) {
      // A try before this one did it, and only its answer was lost.
      if (!(error instanceof Refused && error.code === 'SESSION_NOT_FOUND')) throw error;
    }
  }

  async #create(): Promise<void> {
    const { api, report } = this.#world;
    this.id = this.#world.newId('s');
    report.count('commands', 'create session');
    try {
      await api.json('/sessions', {
        method: 'POST',
        json: { id: this.id, cwd: '/tmp', env: { [SESSION_MARK]: this.id } },
      });
    } catch (error) {
      if (!(error instanceof Refused && error.code === 'SESSION_EXISTS')) throw error;
    }
    this.#parted = false;
    this.#events.length = 0;
    // Until it ends as planned: nothing is known of the session before.
    for (;;) {
      const model = new SessionModel(NEW, Date.now());
      const record = this.#newRecord(normalise(), 'foreground', 'json');
      this.model = model;
      const outcome = await this.#through(record, this.#foreground, (call) => execOver('json', call));
      if (outcome.type === 'result' && outcome.exitCode === 0 && record.excuses.size === 0) return;
    }
  }

  /** Deletes the session, often under a running command, and makes another. */
  async #replace(): Promise<void> {
    const running = this.#random.chance(0.5) ? this.#runOne(foregroundPlan(this.#random)) : undefined;
    if (running) await sleep(this.#random.int(0, 50));
    this.#world.report.count('commands', 'delete session');
    await this.delete();
    await running;
    await Promise.all(this.#background);
    await this.#create();
  }

  /** Several at once in the one shell; none depends on the order. */
  async #burst(count: number): Promise<number> {
    const plans = Array.from({ length: count }, () => independentPlan(this.#random));
    await Promise.all(plans.map((plan) => this.#runOne(plan)));
    return count;
  }

  async #runOne(plan: Plan): Promise<void> {
    const record = this.#newRecord(plan, 'foreground', this.#random.pick(waysFor(plan)));
    await this.#through(record, this.#foreground, (call, ended) => this.#exec(call, ended));
  }

  async #exec(call: Call, ended: Ended): Promise<Outcome> {
    const { record } = call;
    const { plan } = record;
    if (plan.ending === 'abandon') return abandon(call);
    const way = record.way as ExecWay;
    const beside: Promise<void>[] = [];
    if (plan.conversation) beside.push(converse(call, ended));
    let interrupting = false;
    const onOutput = () => {
      if (plan.ending !== 'interrupt' || interrupting) return;
      interrupting = true;
      beside.push(interruptUntilEnded(call, ended));
    };
    const outcome = await execOver(way, call, onOutput);
    ended.done = true;
    await Promise.all(beside);
    return outcome;
  }

  async #startProcess(plan: Plan): Promise<void> {
    const record = this.#newRecord(plan, 'background', this.#random.pick(PROCESS_WAYS));
    await this.#through(record, this.#processes, (call, ended) =>
      orRefused(async () => {
        await startProcess(call);
        const beside = plan.conversation
          ? converse(call, ended)
          : plan.ending === 'signal'
            ? signalUntilEnded(call, ended, 'USR1')
            : plan.ending === 'terminate'
              ? terminate(call, ended)
              : undefined;
        const outcome = await readProcess(record.way as ProcessWay, call).finally(() => {
          ended.done = true;
        });
        await beside;
        return outcome;
      }),
    );
  }

  /** From its first request to its verdict. */
  async #through(
    record: CommandRecord,
    among: Set<CommandRecord>,
    run: (call: Call, ended: Ended) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { report } = this.#world;
    const startedAtMs = Date.now();
    const model = this.model!;
    report.count('commands', record.plan.kind);
    report.count('ways', record.way);
    among.add(record);
    const outcome = await run(this.#world.call(record, this.#random.fork(record.id)), { done: false });
    among.delete(record);
    record.outcome = outcome;
    if (record.mode === 'background') await this.#foregroundOver();
    const now = Date.now();
    // A process is a copy of what its session was when it started, a killed shell what it was before.
    const lagMs = now - startedAtMs + SHELL_LAG_MS;
    const past = record.mode === 'background' || record.plan.losesState === true;
    const verdict = judge(record, outcome, past ? model.since(now, lagMs) : model.possible);
    record.effects = verdict.effects;
    // It may have run in a container that took its file along.
    if (!this.#world.target.keepsFiles && record.epoch !== this.#world.epoch) record.effects.least = 0;
    this.#event(
      `${record.mode === 'background' ? '& ' : ''}${record.id} ${record.plan.kind}: ${ending(outcome)}`,
    );
    if (verdict.how === undefined) {
      this.#report(record, verdict.difference!);
      this.#parted = true;
    }
    if (verdict.how === 'excused') report.count('notes', `taken by ${[...record.excuses].join(' and ')}`);
    if (record.mode === 'foreground' && !record.plan.independent) model.advance(verdict.next, now);
    this.#world.remember(record);
    return outcome;
  }

  /** A process may be a copy of what a command made whose answer is still on its way to the model. */
  async #foregroundOver(): Promise<void> {
    const running = [...this.#foreground];
    while (running.some((record) => this.#foreground.has(record))) await sleep(10);
  }

  #report(record: CommandRecord, difference: string): void {
    const { id: commandId, sessionId: session, plan, text, way, excuses, faults } = record;
    this.#world.report.violation({
      rule: 'a command ends as planned, or as a fault that hit it allows',
      commandId,
      session,
      kind: plan.kind,
      got: difference,
      context: { way, ending: plan.ending, excuses, faults, text },
      lately: this.#events.join(', '),
    });
  }

  #event(what: string): void {
    const now = new Date();
    this.#events.push(`${now.toISOString().slice(17, 23)} ${what}`);
    if (this.#events.length > 16) this.#events.shift();
  }

  #newRecord(plan: Plan, mode: CommandRecord['mode'], way: string): CommandRecord {
    const id = this.#world.newId('c');
    return {
      id,
      sessionId: this.id,
      mode,
      plan,
      text: `echo ${id} >>${this.#world.effectsFile}\n${plan.text}`,
      way,
      epoch: this.#world.epoch,
      excuses: this.#excusesOf(plan),
      faults: [],
      seqs: new SeqMap(),
      outcome: undefined,
      effects: { least: 0, most: 1 },
    };
  }

  #excusesOf(plan: Plan): Set<Excuse> {
    const { losing, full, engineDied } = this.#world;
    const excuses = new Set<Excuse>();
    if (losing) excuses.add('container');
    if (full) excuses.add('disk');
    if (plan.losesState && engineDied) excuses.add('shell');
    return excuses;
  }

  #excuse(records: Set<CommandRecord>, excuse: Excuse): void {
    for (const record of records) record.excuses.add(excuse);
  }
}

/** A client that interrupts must see the output as it comes. */
function waysFor(plan: Plan): readonly ExecWay[] {
  return plan.ending === 'interrupt' ? ['stream', 'sdkStream', 'twice'] : WAYS;
}

function ending(outcome: Outcome): string {
  if (outcome.type === 'error') return outcome.code;
  return `${outcome.exitCode}${outcome.shellRestarted ? ', shell restarted' : ''}`;
}
