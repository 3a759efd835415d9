// The ways to run a command in the foreground, each until its end is known, through whatever breaks meanwhile.
import { type CommandInfo, type ExecResult, errorCode, type YieldedExec } from '#protocol';
import type { Outcome } from '../record.ts';
import { Hung, Refused } from './api.ts';
import { type Call, newReading, requestOf } from './call.ts';
import { bytesOf, type End } from './event-bytes.ts';
import { readEvents, readPages } from './read.ts';

type Way = (call: Call, onOutput?: () => void) => Promise<Outcome>;

const json: Way = async ({ record, api, over }) => {
  const path = `/sessions/${record.sessionId}/exec`;
  return ofResult(await api.json<ExecResult>(path, { method: 'POST', json: requestOf(record) }, over));
};

const stream: Way = async (call, onOutput) => {
  const { record, api, over } = call;
  const reading = newReading(call);
  const begin = {
    path: `/sessions/${record.sessionId}/exec`,
    request: { method: 'POST', json: requestOf(record) },
  };
  return ofEnd(await readEvents(api, record.id, reading, over, begin, onOutput), reading.bytes());
};

const sdk: Way = async ({ record, sdk }) => {
  const {
    command,
    stdinBase64: _,
    ...options
  } = requestOf(record) as { command: string; stdinBase64?: string };
  const stdin = record.plan.stdin && new Uint8Array(record.plan.stdin);
  return ofResult(await sdk.session(record.sessionId).exec(command, { ...options, ...(stdin && { stdin }) }));
};

const sdkStream: Way = async (call, onOutput) => {
  const { record, sdk } = call;
  const {
    command,
    stdinBase64: _,
    ...options
  } = requestOf(record) as { command: string; stdinBase64?: string };
  const stdin = record.plan.stdin && new Uint8Array(record.plan.stdin);
  const reading = newReading(call);
  const events = sdk.session(record.sessionId).execStream(command, { ...options, ...(stdin && { stdin }) });
  for await (const event of events) {
    if (event.type === 'exit' || event.type === 'error') return ofEnd(event, reading.bytes());
    if (event.type === 'start') continue;
    reading.add(event.type, event.seq, bytesOf(event));
    onOutput?.();
  }
  throw new Hung('the SDK ended a stream without its last event');
};

const yielding: Way = async (call) => {
  const { record, api, over, random } = call;
  const request = { method: 'POST', json: { ...requestOf(record), yieldMs: 250 } };
  const first = await api.json<ExecResult | YieldedExec>(`/sessions/${record.sessionId}/exec`, request, over);
  if (!('nextSeq' in first)) return ofResult(first);
  call.report.count('notes', 'yielded');
  const reading = newReading(call);
  // From the beginning or from where the answer ended: what it held must be what pages would have.
  if (random.chance(0.5)) {
    reading.startAt(first.nextSeq, resultBytes(first, 'stdout'), resultBytes(first, 'stderr'));
  }
  await readPages(api, `/commands/${record.id}`, reading, over, {
    waitMs: random.int(100, 2_000),
    maxBytes: random.chance(0.3) ? random.int(1, 5_000) : undefined,
  });
  return ofInfo(call, reading.bytes());
};

/** The same request twice at once: both get the one result. */
const twice: Way = async (call, onOutput) => {
  const [a, b] = await Promise.all([json(call), stream(call, onOutput)]);
  const same = sameOutcome(a, b);
  if (!same) {
    const { id: commandId, plan } = call.record;
    call.report.violation({
      rule: 'a repeated id gives one result',
      commandId,
      kind: plan.kind,
      expected: a,
      got: b,
    });
  }
  return a;
};

export const EXEC_WAYS = { json, stream, sdk, sdkStream, yielding, twice } as const;
export type ExecWay = keyof typeof EXEC_WAYS;

/** Runs it, and turns a refusal into the outcome that it is. */
export async function execOver(way: ExecWay, call: Call, onOutput?: () => void): Promise<Outcome> {
  return orRefused(() => EXEC_WAYS[way](call, onOutput));
}

export async function orRefused(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Refused) return { type: 'error', code: error.code, message: error.message };
    const code = errorCode(error);
    if (code !== undefined) return { type: 'error', code, message: (error as Error).message };
    if (error instanceof Hung) return { type: 'error', code: 'HUNG', message: error.message };
    throw error;
  }
}

export function ofResult(result: ExecResult): Outcome {
  return {
    ...result,
    type: 'result',
    stdout: resultBytes(result, 'stdout'),
    stderr: resultBytes(result, 'stderr'),
  };
}

export function ofEnd(end: End, bytes: { stdout: Buffer; stderr: Buffer }): Outcome {
  if (end.type === 'error') return end;
  return { ...end, ...bytes, type: 'result' };
}

/** Where only the table knows how it ended. */
export async function ofInfo(
  { record, api }: Pick<Call, 'record' | 'api'>,
  bytes: { stdout: Buffer; stderr: Buffer },
): Promise<Outcome> {
  const info = await api.json<CommandInfo>(`/commands/${record.id}`);
  if (info.state === 'lost') return { type: 'error', code: 'COMMAND_LOST', message: 'the table says lost' };
  return { ...info, ...bytes, type: 'result', lostBytes: 0 };
}

function resultBytes(result: ExecResult | YieldedExec, name: 'stdout' | 'stderr'): Buffer {
  const base64 = name === 'stdout' ? result.stdoutBase64 : result.stderrBase64;
  return base64 === undefined ? Buffer.from(result[name]) : Buffer.from(base64, 'base64');
}

export function sameOutcome(a: Outcome, b: Outcome): boolean {
  if (a.type === 'error' || b.type === 'error')
    return a.type === b.type && (a as typeof b & { code: string }).code === (b as { code: string }).code;
  return a.exitCode === b.exitCode && a.stdout.equals(b.stdout) && a.stderr.equals(b.stderr);
}
