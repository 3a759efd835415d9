// A client that starts a command with no grace, hears that it runs, and leaves for good.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandInfo } from '#protocol';
import type { Outcome } from '../record.ts';
import { Broken, Hung, Refused } from './api.ts';
import { type Call, newReading, requestOf } from './call.ts';
import { ofInfo, orRefused } from './exec-ways.ts';
import { readEvents } from './read.ts';

const PATIENCE_MS = 60_000;

export function abandon(call: Call): Promise<Outcome> {
  return orRefused(async () => {
    await leaveOnceItRuns(call);
    call.report.count('faults', 'client left');
    await untilEnded(call);
    const reading = newReading(call);
    await readEvents(call.api, call.record.id, reading, fetch);
    return ofInfo(call, reading.bytes());
  });
}

/** Leaves when it said `ready`; comes back where the connection was cut before. */
async function leaveOnceItRuns({ record, api }: Call): Promise<void> {
  await api.patiently(async () => {
    const leaving = new AbortController();
    const request = {
      method: 'POST',
      json: requestOf(record),
      headers: { accept: 'text/event-stream' },
      signal: leaving.signal,
    };
    const response = await api.open(`/sessions/${record.sessionId}/exec`, request);
    try {
      let seen = '';
      for await (const chunk of response.body!) {
        seen += Buffer.from(chunk).toString('latin1');
        if (seen.includes('ready') || /event: (exit|error)/.test(seen)) return;
      }
    } catch (error) {
      throw new Broken(String(error));
    } finally {
      leaving.abort();
    }
    throw new Broken('the stream ended before its last event');
  });
}

async function untilEnded({ record, api }: Call): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      const { state } = await api.json<CommandInfo>(`/commands/${record.id}`);
      if (state !== 'running' && state !== 'queued') return;
    } catch (error) {
      if (error instanceof Refused && error.code === 'COMMAND_LOST') return;
      throw error;
    }
    if (Date.now() > deadline) throw new Hung('a command that its only client left went on running');
    await sleep(30);
  }
}
