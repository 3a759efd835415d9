// What a run counted and what it found wrong, as lines for the screen.

export interface Violation {
  /** What should hold and did not. */
  rule: string;
  commandId?: string;
  session?: string;
  kind?: string;
  expected?: unknown;
  got?: unknown;
  /** What happened in its session before. */
  lately?: string;
  /** Whatever else helps to see what happened. */
  context?: unknown;
}

const SHOWN = 1_000;
const KEPT_VIOLATIONS = 40;

export class Report {
  readonly commands = new Map<string, number>();
  readonly ways = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly checks = new Map<string, number>();
  /** What was not as planned and is allowed: commands that a fault took, answers to try again. */
  readonly notes = new Map<string, number>();
  readonly violations: Violation[] = [];
  violationCount = 0;
  readonly #tell: (violation: string) => void;

  /** @param tell Hears of each violation at once. */
  constructor(tell: (violation: string) => void = () => {}) {
    this.#tell = tell;
  }

  count(what: 'commands' | 'ways' | 'faults' | 'checks' | 'notes', name: string, times = 1): void {
    this[what].set(name, (this[what].get(name) ?? 0) + times);
  }

  violation(violation: Violation): void {
    this.violationCount += 1;
    this.#tell(`violation ${this.violationCount}: ${describe(violation)}`);
    if (this.violations.length < KEPT_VIOLATIONS) this.violations.push(violation);
  }

  total(what: 'commands' | 'faults'): number {
    return [...this[what].values()].reduce((sum, count) => sum + count, 0);
  }

  text(): string {
    const lines = (['commands', 'ways', 'faults', 'checks', 'notes'] as const).map((what) => {
      const counts = [...this[what]].sort(([, a], [, b]) => b - a);
      const sum = counts.reduce((total, [, count]) => total + count, 0);
      return `${what} ${sum}: ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}`;
    });
    const shown = this.violations.map((violation, at) => `violation ${at + 1}: ${describe(violation)}`);
    return [...lines, ...shown, `violations ${this.violationCount}`].join('\n');
  }
}

function describe(violation: Violation): string {
  return Object.entries(violation)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${cut(value)}`)
    .join('\n  ');
}

/** The beginning and the end of what is long. */
function cut(value: unknown): string {
  const text =
    typeof value === 'string' ? value : Buffer.isBuffer(value) ? shown(value) : JSON.stringify(value, plain);
  if (text === undefined || text.length <= SHOWN) return String(text);
  return `${text.slice(0, SHOWN / 2)} … ${text.length - SHOWN} characters … ${text.slice(-SHOWN / 2)}`;
}

const shown = (bytes: Buffer) => `${bytes.length} bytes ${JSON.stringify(bytes.toString('latin1'))}`;

function plain(_: string, value: unknown): unknown {
  if (value instanceof Set) return [...value];
  const bytes = value as { type?: unknown; data?: number[] } | null;
  return bytes?.type === 'Buffer' ? shown(Buffer.from(bytes.data!)) : value;
}

/** Where two byte strings part, for the eye. */
export function firstDifference(expected: Buffer, got: Buffer): string {
  let at = 0;
  while (at < expected.length && at < got.length && expected[at] === got[at]) at += 1;
  const around = (bytes: Buffer) =>
    JSON.stringify(bytes.subarray(Math.max(0, at - 40), at + 60).toString('latin1'));
  return `at byte ${at} of ${expected.length} expected, ${got.length} got: ${around(expected)} / ${around(got)}`;
}
