// Readers who come later: they ask for what has ended, from anywhere in it, and must see what its first reader saw.

import type { ExecResult } from '#protocol';
import type { CommandRecord, Outcome } from '../record.ts';
import { firstDifference } from '../report.ts';
import type { World } from '../world.ts';
import { Refused } from './api.ts';
import { type Call, newReading, requestOf } from './call.ts';
import { ofEnd, ofResult, orRefused, sameOutcome } from './exec-ways.ts';
import { readEvents, readPages } from './read.ts';

type Result = Extract<Outcome, { type: 'result' }>;
type Audit = (call: Call, result: Result) => Promise<void>;

const replay: Audit = async (call, result) => {
  const reading = newReading(call);
  const known = call.record.seqs.entries().filter(([, [out, err]]) => fits(result, out, err));
  if (known.length > 0 && call.random.chance(0.8)) {
    const [seq, [out, err]] = call.random.pick(known);
    reading.startAt(seq, result.stdout.subarray(0, out), result.stderr.subarray(0, err));
  }
  const end = await readEvents(call.api, call.record.id, reading, call.over);
  compare(call, 'a replay is what the first reader saw', result, ofEnd(end, reading.bytes()));
};

const pages: Audit = async (call, result) => {
  const reading = newReading(call);
  const small = result.stdout.length + result.stderr.length < 200;
  const { exitCode } = await readPages(call.api, `/commands/${call.record.id}`, reading, call.over, {
    waitMs: 0,
    // The least there is: one line a page, so that every seq is seen.
    maxBytes: small ? 1 : call.random.int(2_000, 500_000),
  });
  compare(call, 'pages hold what the first reader saw', result, { ...result, ...reading.bytes(), exitCode });
  if (!small) return;
  const seqs = call.record.seqs.entries().map(([seq]) => seq);
  const wanted = Array.from({ length: reading.seq }, (_, at) => at + 1);
  if (seqs.filter((seq) => seq > 0).join() !== wanted.join()) {
    call.report.violation({ rule: 'seqs are whole', commandId: call.record.id, expected: wanted, got: seqs });
  }
};

const rawBytes: Audit = async (call, result) => {
  const name = call.random.pick(['stdout', 'stderr'] as const);
  const whole = result[name];
  const path = `/commands/${call.record.id}/output/${name}`;
  if (whole.length === 0 || call.random.chance(0.4)) {
    const got = await call.api.bytes(path, {}, call.over);
    compare(call, 'raw output is what the first reader saw', result, { ...result, [name]: got });
    return;
  }
  const from = call.random.int(0, whole.length - 1);
  const to = call.random.int(from, whole.length + 10);
  const range = call.random.chance(0.2) ? `bytes=${from}-` : `bytes=${from}-${to}`;
  const expected = whole.subarray(from, range.endsWith('-') ? undefined : to + 1);
  const got = await call.api.bytes(path, { headers: { range } }, call.over);
  if (!got.equals(expected)) {
    const { id: commandId, plan, faults } = call.record;
    const rule = `a range of raw output is those bytes (${name} ${range})`;
    call.report.violation({
      rule,
      commandId,
      kind: plan.kind,
      got: firstDifference(expected, got),
      context: faults,
    });
  }
};

/** The same request once more: the stored result, and no second run. */
const again: Audit = async (call, result) => {
  const { record, api, over } = call;
  if (record.mode === 'background') {
    const info = await api.json<{ exitCode: number | null }>(
      '/processes',
      { method: 'POST', json: requestOf(record) },
      over,
    );
    compare(call, 'a repeated id finds the process', result, { ...result, exitCode: info.exitCode });
    return;
  }
  const request = { method: 'POST', json: requestOf(record) };
  const got = ofResult(await api.json<ExecResult>(`/sessions/${record.sessionId}/exec`, request, over));
  compare(call, 'a repeated id gives the stored result', result, got);
};

const otherRequest: Audit = async (call) => {
  const { record, api } = call;
  const path = record.mode === 'background' ? '/processes' : `/sessions/${record.sessionId}/exec`;
  try {
    await api.json(path, { method: 'POST', json: { ...requestOf(record), command: 'echo another' } });
  } catch (error) {
    if (error instanceof Refused && error.code === 'COMMAND_ID_CONFLICT') return;
    throw error;
  }
  const rule = 'an id with another request is refused';
  call.report.violation({ rule, commandId: record.id, kind: record.plan.kind, got: 'it was accepted' });
};

const AUDITS: readonly (readonly [number, string, Audit])[] = [
  [4, 'replay', replay],
  [3, 'pages', pages],
  [3, 'raw bytes', rawBytes],
  [3, 'again', again],
  [1, 'other request', otherRequest],
];

/** Asks once for something that has ended. */
export async function auditOne(world: World, record: CommandRecord, random = world.random): Promise<void> {
  const [, name, audit] = random.weighted(AUDITS.map((entry) => [entry[0], entry] as const));
  const call = world.call(record, random);
  world.report.count('checks', name);
  const outcome = await orRefused(async () => {
    await audit(call, record.outcome as Result);
    return record.outcome!;
  });
  if (outcome.type === 'result') return;
  // What was in a container that is gone is gone with it, and says so.
  const gone = record.epoch < world.epoch && ['COMMAND_LOST', 'COMMAND_EXPIRED'].includes(outcome.code);
  if (gone) return world.report.count('notes', 'gone with its container');
  const { id: commandId, sessionId: session, plan, faults } = record;
  const rule = `what ended can be asked for (${name})`;
  world.report.violation({ rule, commandId, session, kind: plan.kind, got: outcome, context: faults });
}

function compare({ record, report }: Call, rule: string, expected: Result, got: Outcome): void {
  if (sameOutcome(expected, got)) return;
  const difference =
    got.type === 'error'
      ? got
      : [
          `exit code ${expected.exitCode} / ${got.exitCode}`,
          `stdout ${firstDifference(expected.stdout, got.stdout)}`,
          `stderr ${firstDifference(expected.stderr, got.stderr)}`,
        ];
  const { id: commandId, sessionId: session, plan, faults, excuses } = record;
  report.violation({
    rule,
    commandId,
    session,
    kind: plan.kind,
    got: difference,
    context: { faults, excuses },
  });
}

function fits(result: Result, stdout: number, stderr: number): boolean {
  return stdout <= result.stdout.length && stderr <= result.stderr.length;
}
