// What clients do to a command that runs: interrupt it, signal it, end it, leave it, talk with it. None of these goes
// over the bad wire: a late interrupt would hit the next command, and that would be the client's own fault.
import { setTimeout as sleep } from 'node:timers/promises';
import type { InterruptResult, OutputPage } from '#protocol';
import type { Reading } from '../record.ts';
import { Broken, Hung, Refused } from './api.ts';
import { type Call, newReading } from './call.ts';
import { takePage } from './read.ts';

export interface Ended {
  done: boolean;
}

/** Interrupts until the command has ended: the first one may have met an engine that died. */
export async function interruptUntilEnded({ record, api }: Call, ended: Ended): Promise<void> {
  while (!ended.done) {
    await tolerantly(() =>
      api.once<InterruptResult>(`/sessions/${record.sessionId}/interrupt`, { method: 'POST' }),
    );
    for (let waited = 0; !ended.done && waited < 3_000; waited += 50) await sleep(50);
  }
}

/** Once it is ready, the signal, until the process has ended. */
export async function signalUntilEnded(call: Call, ended: Ended, signal: string): Promise<void> {
  const { record, api } = call;
  await heard(call, newReading(call), ended, 'ready\n');
  while (!ended.done) {
    const request = { method: 'POST', json: { signal } };
    await tolerantly(() => api.once(`/processes/${record.id}/signal`, request));
    for (let waited = 0; !ended.done && waited < 3_000; waited += 50) await sleep(50);
  }
}

/** Once it is ready; safe to repeat. */
export async function terminate(call: Call, ended: Ended): Promise<void> {
  const { record, api } = call;
  await heard(call, newReading(call), ended, 'ready\n');
  await tolerantly(() =>
    api.json(`/processes/${record.id}/terminate`, { method: 'POST', json: { graceMs: 2_000 } }),
  );
  while (!ended.done) await sleep(20);
}

/** Says each line when the one before was answered, and says it again where the answer does not come. */
export async function converse(call: Call, ended: Ended): Promise<void> {
  const { record, api } = call;
  const conversation = record.plan.conversation!;
  const reading = newReading(call);
  if (!(await heard(call, reading, ended, 'ready\n'))) return;
  for (const [at, line] of conversation.lines.entries()) {
    const answer = conversation.answer(at);
    for (let tries = 0; !ended.done && tries < 40; tries += 1) {
      const bytes = new Uint8Array(Buffer.from(line));
      await tolerantly(() => api.once(`/commands/${record.id}/stdin`, { method: 'POST', bytes }));
      if (await heard(call, reading, ended, answer, 1_500)) break;
    }
  }
  if (record.plan.kind !== 'REPL') return;
  // It ends at the end of its input.
  while (!ended.done) {
    const request = { method: 'POST', json: { eof: true } };
    await tolerantly(() => api.once(`/commands/${record.id}/stdin`, request));
    await heard(call, reading, ended, 'never said', 500);
  }
}

/** Whether the command says it within the time, or the command is over. */
export async function heard(
  { record, api }: Call,
  reading: Reading,
  ended: Ended,
  text: string,
  withinMs = 60_000,
): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  const said = () => Buffer.concat(reading.stdout).toString('latin1').includes(text);
  while (!ended.done && !said() && Date.now() < deadline) {
    const path = `/commands/${record.id}/output?since=${reading.seq}&waitMs=300`;
    const page = await tolerantly(() => api.once<OutputPage>(path));
    if (page) takePage(page, reading);
    if (!page?.alive) await sleep(20);
  }
  return said();
}

/** Undefined for a try that failed: the command may not be there yet, or have ended, or the engine is away. */
async function tolerantly<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Broken || error instanceof Refused || error instanceof Hung) {
      await sleep(30);
      return undefined;
    }
    throw error;
  }
}
