// What the engine takes: idle, for each idle session, and while output passes. On engines of their own, since memory
// remembers what was done before.
import { spawn } from 'node:child_process';
import { once as onEvent } from 'node:events';
import type { ProcessInfo } from '#protocol';

import { shellsOf } from '../../e2e/harness/shells.ts';
import { BenchEngine } from '../engine/engine.ts';
import { forgetPeak, peakKb, residentKb, restingKb } from '../engine/memory.ts';
import { StreamCounter } from '../engine/stream-counter.ts';
import type { Samples } from '../result/figure.ts';
import { medianOf } from '../result/statistics.ts';
import type { Wanted } from './latency.ts';

const WARM_EXECS = 50;
/** The first ones pay for code and heap that all share. */
const SESSIONS = { first: 50, more: 150 };
const PASSES = 5;
const PASS_BYTES = 100_000_000;

export async function measureMemory(wanted: Wanted): Promise<Samples[]> {
  const figures: Samples[] = [];
  if (wanted('memory') || wanted('memory-session')) figures.push(...(await atRest()));
  if (wanted('memory-output')) figures.push(await whileOutputPasses());
  return figures;
}

async function atRest(): Promise<Samples[]> {
  const engine = await BenchEngine.start();
  try {
    for (let i = 0; i < WARM_EXECS; i++) await engine.exec('echo hello');
    const idle = await restingKb(engine.pid);
    const create = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        await engine.http.call('POST', '/sessions', { body: { id: `idle-${n}` } });
        await engine.http.call('POST', `/sessions/idle-${n}/exec`, { body: { command: 'x=1' } });
      }
      return restingKb(engine.pid);
    };
    const some = await create(0, SESSIONS.first);
    const all = await create(SESSIONS.first, SESSIONS.first + SESSIONS.more);
    const grown = (all - some) / SESSIONS.more;
    const shell = medianOf(shellsOf(engine.pid).map(residentKb));
    const once = (id: string, what: string, value: number, unit: Samples['unit']): Samples => ({
      id,
      what,
      unit,
      rounds: [[value]],
    });
    return [
      once('memory', 'the engine, idle', idle / 1_024, 'MB'),
      once('memory-session', 'what the engine grows by for an idle session', grown, 'KB'),
      once('memory-shell', 'the bash of an idle session', shell, 'KB'),
      once('floor-memory-node', 'an idle Node that serves HTTP', (await nodeKb()) / 1_024, 'MB'),
      once('floor-memory-bash', 'an idle interactive bash', await bashKb(), 'KB'),
    ];
  } finally {
    await engine.stop();
  }
}

function bashKb(): Promise<number> {
  return idleKb('bash', ['--noprofile', '--norc', '--noediting', '-i']);
}

function nodeKb(): Promise<number> {
  return idleKb(process.execPath, ['-e', "require('node:http').createServer().listen(0, '127.0.0.1')"]);
}

/** Its input stays open, so that it waits. */
async function idleKb(file: string, args: string[]): Promise<number> {
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  await onEvent(child, 'spawn');
  const resident = await restingKb(child.pid!);
  child.kill('SIGKILL');
  return resident;
}

/** Half of it in the foreground and streamed, half in the background and followed. */
async function whileOutputPasses(): Promise<Samples> {
  const engine = await BenchEngine.start();
  try {
    const command = `yes "$(printf '%099d' 0)" | head -c ${PASS_BYTES}`;
    const pass = async (isBackground: boolean, text: string, bytes: number) => {
      const counter = new StreamCounter();
      const onBytes = (chunk: Buffer) => counter.feed(chunk);
      if (isBackground) {
        const { id } = await engine.http.json<ProcessInfo>('POST', '/processes', { command: text });
        await engine.http.call('GET', `/commands/${id}/events`, { onBytes });
        await engine.http.call('DELETE', `/processes/${id}`);
        return;
      }
      await engine.http.call('POST', '/sessions/default/exec', {
        body: { command: text },
        accept: 'text/event-stream',
        onBytes,
      });
      if (counter.bytes !== bytes) throw new Error(`${counter.bytes} bytes passed instead of ${bytes}`);
    };
    for (const isBackground of [false, true]) await pass(isBackground, 'yes | head -c 1000000', 1_000_000);
    const before = await restingKb(engine.pid);
    forgetPeak(engine.pid);
    for (let i = 0; i < PASSES; i++) await pass(i % 2 === 1, command, PASS_BYTES);
    const added = (peakKb(engine.pid) - before) / 1_024;
    return { id: 'memory-output', what: 'memory added while 500 MB pass', unit: 'MB', rounds: [[added]] };
  } finally {
    await engine.stop();
  }
}
