// One command of a run: what was planned, what befell it, what its clients saw.
import type { Plan } from './plan/plan.ts';

/** What may hit a command so that it need not end as planned. Nothing else excuses anything. */
export type Excuse = 'shell' | 'process' | 'container' | 'disk' | 'deleted';

export type Outcome =
  | {
      type: 'result';
      exitCode: number | null;
      signal: string | null;
      stdout: Buffer;
      stderr: Buffer;
      timedOut: boolean;
      interrupted: boolean;
      outputLimited: boolean;
      /** Absent where the way that was taken does not tell. */
      shellRestarted?: boolean;
      lostBytes: number;
    }
  | { type: 'error'; code: string; message: string };

export interface CommandRecord {
  readonly id: string;
  readonly sessionId: string;
  readonly mode: 'foreground' | 'background';
  readonly plan: Plan;
  /** The plan's text with what proves that it ran. */
  readonly text: string;
  readonly way: string;
  /** How many containers were lost before it. */
  readonly epoch: number;
  readonly excuses: Set<Excuse>;
  /** Faults that fell into its life, for the eye. */
  readonly faults: string[];
  readonly seqs: SeqMap;
  outcome: Outcome | undefined;
  /** How often its side effect may be found: this often, or where `least` is lower, between them. */
  effects: { least: number; most: number };
}

/**
 * What readers of one command learned about its seqs: how many bytes of each stream lie at or before one. All
 * readers must agree, before and after whatever happened.
 */
export class SeqMap {
  readonly #offsets = new Map<number, readonly [stdout: number, stderr: number]>();

  /** Undefined, or what another reader saw there. */
  conflict(seq: number, stdout: number, stderr: number): readonly [number, number] | undefined {
    const known = this.#offsets.get(seq);
    this.#offsets.set(seq, known ?? [stdout, stderr]);
    return known && (known[0] !== stdout || known[1] !== stderr) ? known : undefined;
  }

  /** All that is known, in order. */
  entries(): [seq: number, offsets: readonly [number, number]][] {
    return [...this.#offsets].sort(([a], [b]) => a - b);
  }
}

/** Follows one reader's way through a command's output. */
export class Reading {
  readonly #record: CommandRecord;
  readonly #violation: (rule: string, got: unknown) => void;
  readonly stdout: Buffer[] = [];
  readonly stderr: Buffer[] = [];
  #sizes = { stdout: 0, stderr: 0 };
  seq = 0;

  constructor(record: CommandRecord, violation: (rule: string, got: unknown) => void) {
    this.#record = record;
    this.#violation = violation;
  }

  /** Goes on behind what was read by other means. */
  startAt(seq: number, stdout: Buffer, stderr: Buffer): void {
    this.seq = seq;
    this.stdout.push(stdout);
    this.stderr.push(stderr);
    this.#sizes = { stdout: stdout.length, stderr: stderr.length };
    if (seq > 0) this.#compare();
  }

  /** Output up to and with line `seq`. */
  add(stream: 'stdout' | 'stderr', seq: number, bytes: Buffer): void {
    if (seq <= this.seq) this.#violation('seq rises', { before: this.seq, seq });
    // Every line holds a byte, and a newline ends one.
    const lines = seq - this.seq;
    if (lines > bytes.length)
      this.#violation('seq has no gaps', { before: this.seq, seq, bytes: bytes.length });
    if (lines < newlinesIn(bytes))
      this.#violation('every line has its seq', { before: this.seq, seq, bytes });
    this.seq = seq;
    this[stream].push(bytes);
    this.#sizes[stream] += bytes.length;
    this.#compare();
  }

  #compare(): void {
    const { stdout, stderr } = this.#sizes;
    const known = this.#record.seqs.conflict(this.seq, stdout, stderr);
    if (known) {
      this.#violation('all readers see the same under a seq', {
        seq: this.seq,
        known,
        now: [stdout, stderr],
      });
    }
  }

  bytes(): { stdout: Buffer; stderr: Buffer } {
    return { stdout: Buffer.concat(this.stdout), stderr: Buffer.concat(this.stderr) };
  }
}

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
