// The ways to start a process and read it to its end: pages, events, the SDK's stream.
import type { ProcessInfo } from '#protocol';
import type { Outcome } from '../record.ts';
import { type Call, newReading, requestOf } from './call.ts';
import { bytesOf } from './event-bytes.ts';
import { ofEnd } from './exec-ways.ts';
import { readEvents, readPages } from './read.ts';

export const PROCESS_WAYS = ['process pages', 'process events', 'process sdk'] as const;
export type ProcessWay = (typeof PROCESS_WAYS)[number];

export async function startProcess({ record, api, over }: Call): Promise<ProcessInfo> {
  return api.json<ProcessInfo>('/processes', { method: 'POST', json: requestOf(record) }, over);
}

/** Reads it to its end. */
export async function readProcess(way: ProcessWay, call: Call): Promise<Outcome> {
  const { record, api, over, random } = call;
  const reading = newReading(call);
  if (way === 'process events') {
    return ofEnd(await readEvents(api, record.id, reading, over), reading.bytes());
  }
  if (way === 'process sdk') {
    const process = await call.sdk.getProcess(record.id);
    for await (const event of process.stream()) {
      if (event.type === 'exit' || event.type === 'error') return ofEnd(event, reading.bytes());
      if (event.type !== 'start') reading.add(event.type, event.seq, bytesOf(event));
    }
    return { type: 'error', code: 'HUNG', message: 'the SDK ended a stream without its last event' };
  }
  const { exitCode, lostBytes } = await readPages(api, `/processes/${record.id}`, reading, over, {
    waitMs: random.int(0, 3_000),
    maxBytes: random.chance(0.4) ? random.int(1, 20_000) : undefined,
  });
  const info = await api.json<ProcessInfo>(`/processes/${record.id}`);
  if (info.state === 'lost') return { type: 'error', code: 'COMMAND_LOST', message: 'the table says lost' };
  if (info.exitCode !== exitCode) {
    call.report.violation({
      rule: 'page and table agree',
      commandId: record.id,
      expected: info,
      got: exitCode,
    });
  }
  return { ...info, ...reading.bytes(), type: 'result', interrupted: false, outputLimited: false, lostBytes };
}
