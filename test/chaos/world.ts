// What all parts of a run share.
import { randomUUID } from 'node:crypto';
import { Api } from './client/api.ts';
import type { Call } from './client/call.ts';
import { Wire, type WireFaults } from './client/wire.ts';
import type { Random } from './random.ts';
import type { CommandRecord, Excuse } from './record.ts';
import type { Report } from './report.ts';
import type { Target } from './target/target.ts';

/** Ended commands whose output is kept here, to be asked for again. */
const REMEMBERED = 200;

/** A command that ended, in short. */
interface Ended {
  kind: string;
  way: string;
  how: string | number | null | undefined;
  excuses: Excuse[];
  faults: string[];
}

export class World {
  readonly target: Target;
  readonly report: Report;
  readonly random: Random;
  readonly api: Api;
  /** File that commands append their ids to. */
  readonly effectsFile: string;
  /** Ended as planned or by a fault, with a result; newest last. */
  readonly ended: CommandRecord[] = [];
  /** All whose side effects are still to be looked up. */
  readonly unverified: CommandRecord[] = [];
  /** Containers lost so far. */
  epoch = 0;
  /** An engine died: of a shell that it leaves to the next one nobody hears how it was killed. */
  engineDied = false;
  /** One is being lost: what begins now is hit as well. */
  losing = false;
  /** The disk takes no more: what begins now meets it as well. */
  full = false;
  readonly #wireFaults: WireFaults;
  #ids = 0;
  readonly #history = new Map<string, Ended>();

  constructor(target: Target, report: Report, random: Random, runId: string, wireFaults: WireFaults) {
    this.target = target;
    this.report = report;
    this.random = random;
    this.api = new Api(target.url, target.headers, report);
    this.effectsFile = `/tmp/holdfast-chaos-${runId}-${randomUUID().slice(0, 8)}.effects`;
    this.#wireFaults = wireFaults;
  }

  /** One space of ids for the whole sandbox. */
  newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}-${this.#ids}`;
  }

  /** A client's equipment for one command; the same for each of its tries. */
  call(record: CommandRecord, random: Random): Call {
    const { api, report, target } = this;
    const wire = new Wire(random.fork(`wire/${record.id}`), report, this.#wireFaults);
    return { record, api, over: wire.fetch, sdk: target.sdk(wire.fetch), random, report };
  }

  /** What is known of a command that ended, for the eye. */
  history(id: string | undefined): Ended | undefined {
    return this.#history.get(id ?? '');
  }

  /** It has ended; it will be asked for again. */
  remember(record: CommandRecord): void {
    this.unverified.push(record);
    const { id, plan, way, excuses, faults, outcome } = record;
    const how = outcome?.type === 'result' ? outcome.exitCode : outcome?.code;
    this.#history.set(id, { kind: plan.kind, way, how, excuses: [...excuses], faults });
    if (record.outcome?.type !== 'result') return;
    this.ended.push(record);
    if (this.ended.length > REMEMBERED) this.ended.shift();
  }
}
