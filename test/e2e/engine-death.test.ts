// An engine that is killed and started again in the same folder: whoever looks finds what would have been.
// (engine only: each test kills an engine of its own)
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandEvent, ExecResult, Sync } from '#protocol';
import { controlFolderInMemory } from '../../container/engine/control-folder.ts';
import { target } from './harness/api.ts';
import { collect, events } from './harness/events.ts';
import { MortalEngine } from './harness/mortal-engine.ts';
import { until } from './harness/until.ts';

const LINES = 300_000;
const COUNT = `for i in $(seq 1 ${LINES}); do echo $i; done`;
const counted = () => Array.from({ length: LINES }, (_, i) => `${i + 1}\n`).join('');

describe.skipIf(target.name !== 'engine')('kill -9 of the engine (engine only: it is the test’s own)', () => {
  let engine: MortalEngine;
  beforeEach(async () => {
    engine = await MortalEngine.start();
  });
  afterEach(() => engine.stop());

  /** Of the engine under test, in memory or on disk. */
  const journalPath = () => join(controlFolderInMemory(realpathSync(engine.stateFolder)), 'journal');
  const journal = () => readFileSync(journalPath(), 'utf8');

  test('who had asked for changes is not told again of what had ended long before', async () => {
    await engine.begin('default', 'old', 'true');
    await engine.ended('old');
    await engine.begin('default', 'late', 'sleep 1.5');
    await engine.ended('late');
    const { cursor } = (await engine.call('POST', '/sync', {})).body as Sync;
    await engine.begin('default', 'runs', 'sleep 600');
    await engine.killAndRestart();
    const { commands } = (await engine.call('POST', '/sync', { after: cursor })).body as Sync;
    expect(commands.map(({ id }) => id)).toContain('runs');
    expect(commands.map(({ id }) => id)).not.toContain('old');
  });

  test('in the middle of output: both streams are complete and exact, the REPL answers, the variable is there', {
    timeout: 120_000,
  }, async () => {
    await engine.exec('default', 'X=41; greet() { echo hello $1; }; cd /usr');
    await engine.call('POST', '/sessions', { id: 'front' });
    await engine.process('repl', 'python3 -q -i -u', { stdinOpen: true });
    await engine.process('back', `${COUNT}; exit 3`);
    await engine.begin('front', 'fore', COUNT);
    for (let kill = 0; kill < 3; kill++) {
      const before = (await engine.page('back')).nextSeq;
      await until(async () => (await engine.page('back', before)).nextSeq > before);
      await engine.killAndRestart();
    }
    expect(await engine.ended('fore')).toMatchObject({ state: 'exited', exitCode: 0 });
    expect(await engine.ended('back')).toMatchObject({ state: 'settled', exitCode: 3 });
    const want = counted();
    expect((await engine.output('fore')) === want).toBe(true);
    expect((await engine.output('back')) === want).toBe(true);
    await engine.call('POST', '/processes/repl/stdin', { data: 'print(6 * 7)\n' });
    await until(async () => (await engine.output('repl')).includes('42\n'));
    await engine.call('POST', '/processes/repl/stdin', { data: 'exit(5)\n', eof: true });
    expect(await engine.ended('repl')).toMatchObject({ exitCode: 5 });
    expect((await engine.exec('default', 'echo $X $PWD; greet you')).stdout).toBe('41 /usr\nhello you\n');
  });

  test('while a dead shell is replaced for a command: it runs once, or had run, and no other’s end is taken for its own', {
    timeout: 120_000,
  }, async () => {
    await engine.exec('default', 'kept=1');
    const ran = join(engine.folder, 'ran');
    // At each point of the way: noted, typed in vain, a fresh shell, its state loaded, typed again, ended.
    for (let delayMs = 0; delayMs < 16; delayMs++) {
      const { stdout: pid } = await engine.exec('default', 'echo $$');
      process.kill(Number(pid), 'SIGKILL');
      const request = { command: `echo ${delayMs} >>${ran}`, id: `c${delayMs}` };
      void engine.call('POST', '/sessions/default/exec', request).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await engine.killAndRestart();
      expect(await engine.exec('default', request.command, { id: request.id })).toMatchObject({
        exitCode: 0,
      });
      expect(readFileSync(ran, 'utf8').split('\n').filter(Boolean).map(Number).at(-1)).toBe(delayMs);
    }
    expect(readFileSync(ran, 'utf8').split('\n').filter(Boolean)).toHaveLength(16);
    expect((await engine.exec('default', 'echo $kept')).stdout).toBe('1\n');
  });

  test('what a reader saw before it sees again, with the same seqs', async () => {
    await engine.begin(
      'default',
      'c',
      'for i in {1..400}; do printf "%s é" $i; echo; echo e$i >&2; done; sleep 1',
    );
    await until(async () => (await engine.output('c')).includes('\n'));
    const read = async () => {
      const seen: string[] = [];
      const response = await fetch(`${engine.url}/commands/c/output?maxBytes=1000000`);
      const page = (await response.json()) as { chunks: { seq: number; stream: string; data: string }[] };
      for (const { seq, stream, data } of page.chunks) seen.push(`${seq} ${stream} ${data}`);
      return seen;
    };
    await until(async () => (await engine.output('c', 'stderr')).endsWith('e400\n'));
    const before = await read();
    await engine.killAndRestart();
    expect(await read()).toEqual(before);
    await engine.ended('c');
    await engine.killAndRestart();
    expect(await read()).toEqual(before);
  });

  test('what ended while no engine lived has its output and its exit code', async () => {
    await engine.call('POST', '/sessions', { id: 'other' });
    await engine.begin('default', 'one', 'sleep 0.3; echo out; echo err >&2; (exit 7)');
    await engine.begin('other', 'two', 'v=1; trap "echo bye" EXIT; sleep 0.3; exit 9');
    await engine.process('three', 'sleep 0.3; echo three; exit 8');
    await until(async () => (await engine.call<{ pid: number }>('GET', '/processes/three')).body.pid > 0);
    const { pid } = (await engine.call<{ pid: number }>('GET', '/processes/three')).body;
    await engine.kill();
    await until(async () => !existsSync(`/proc/${pid}/fd`) || !readdirSync(`/proc/${pid}/fd`).length);
    await engine.start();
    expect(await engine.ended('one')).toMatchObject({ state: 'exited', exitCode: 7, shellRestarted: false });
    expect([await engine.output('one'), await engine.output('one', 'stderr')]).toEqual(['out\n', 'err\n']);
    // Its own trap took the place of the one that would have told the status.
    expect(await engine.ended('two')).toMatchObject({ state: 'lost', exitCode: null });
    expect(await engine.output('two')).toBe('bye\n');
    expect(await engine.ended('three')).toMatchObject({ state: 'settled', exitCode: 8 });
    expect(await engine.output('three')).toBe('three\n');
  });

  test('a shell that ends while no engine lives tells its status and leaves its state', async () => {
    await engine.begin('default', 'leaves', 'v=kept; cd /usr; sleep 0.3; exit 3');
    await engine.killAndRestart();
    expect(await engine.ended('leaves')).toMatchObject({ exitCode: 3, shellRestarted: true });
    expect((await engine.exec('default', 'echo $v $PWD')).stdout).toBe('kept /usr\n');
  });

  test('what was killed with nobody to see it is lost, and says so', async () => {
    await engine.exec('default', 'v=kept');
    await engine.begin('default', 'shell', 'sleep 0.5; kill -9 $$');
    const { pid } = await engine.process('process', 'sleep 600');
    await engine.kill();
    process.kill(pid!, 'SIGKILL');
    await engine.start();
    for (const id of ['shell', 'process']) {
      expect(await engine.ended(id)).toMatchObject({ state: 'lost', exitCode: null });
    }
    const { body } = await engine.call<ExecResult>('POST', '/sessions/default/exec', {
      command: 'sleep 0.5; kill -9 $$',
      id: 'shell',
      disconnectGraceMs: null,
    });
    expect(body).toMatchObject({ error: { code: 'COMMAND_LOST' } });
    expect((await engine.exec('default', 'echo $v')).stdout).toBe('kept\n');
  });

  test('what waits in a queue runs once, in its order', async () => {
    const log = join(engine.folder, 'log');
    await engine.begin('default', 'first', `echo first >>${log}; sleep 0.5`);
    for (const id of ['second', 'third'])
      await engine.begin('default', id, `echo ${id} >>${log}; echo ${id}`);
    await engine.killAndRestart();
    await engine.killAndRestart();
    for (const id of ['first', 'second', 'third'])
      expect(await engine.ended(id)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(log, 'utf8')).toBe('first\nsecond\nthird\n');
    expect(await engine.output('third')).toBe('third\n');
  });

  test('the same id after it gives the stored result, and another request with it is refused', async () => {
    const log = join(engine.folder, 'log');
    const request = { command: `echo ran | tee -a ${log}; echo e >&2; (exit 4)`, id: 'once' };
    const first = (await engine.call<ExecResult>('POST', '/sessions/default/exec', request)).body;
    await engine.killAndRestart();
    const again = await engine.call<ExecResult>('POST', '/sessions/default/exec', request);
    expect(again.body).toEqual(first);
    expect(first).toMatchObject({ stdout: 'ran\n', stderr: 'e\n', exitCode: 4 });
    const other = await engine.call('POST', '/sessions/default/exec', { command: 'true', id: 'once' });
    expect(other.status).toBe(409);
    expect(readFileSync(log, 'utf8')).toBe('ran\n');
  });

  test('a timeout goes on counting, and an interrupt goes on ending', async () => {
    await engine.call('POST', '/sessions', { id: 'other' });
    await engine.begin('default', 'late', 'echo began; sleep 600', { timeoutMs: 1500 });
    await engine.begin('other', 'stopped', "trap '' INT; sleep 600; sleep 600");
    await until(async () => (await engine.output('late')) === 'began\n');
    await engine.call('POST', '/sessions/other/interrupt');
    await engine.killAndRestart();
    expect(await engine.ended('late')).toMatchObject({ timedOut: true, exitCode: 124 });
    expect(await engine.ended('stopped')).toMatchObject({ interrupted: true, exitCode: 130 });
    expect((await engine.exec('default', 'echo usable')).stdout).toBe('usable\n');
    expect((await engine.exec('other', 'echo usable')).stdout).toBe('usable\n');
  });

  test('an open stdin stays open, and its end is heard', async () => {
    await engine.begin('default', 'reads', 'while read line; do echo "got $line"; done; echo end', {
      stdinOpen: true,
    });
    await engine.call('POST', '/commands/reads/stdin', { data: 'a\n' });
    await until(async () => (await engine.output('reads')) === 'got a\n');
    await engine.killAndRestart();
    await engine.call('POST', '/commands/reads/stdin', { data: 'b\n' });
    await until(async () => (await engine.output('reads')) === 'got a\ngot b\n');
    await engine.killAndRestart();
    await engine.call('POST', '/commands/reads/stdin', { data: 'c\n', eof: true });
    expect(await engine.ended('reads')).toMatchObject({ exitCode: 0 });
    expect(await engine.output('reads')).toBe('got a\ngot b\ngot c\nend\n');
  });

  test('late output of a child in the background still comes to its command', async () => {
    const result = await engine.exec('default', '{ sleep 1; echo late; } & echo now', { id: 'parent' });
    expect(result.stdout).toBe('now\n');
    await engine.killAndRestart();
    await until(async () => (await engine.output('parent')) === 'now\nlate\n');
    expect((await engine.exec('default', 'wait; echo $?')).stdout).toBe('0\n');
  });

  test('a stream that was cut goes on behind the last seq, byte for byte', async () => {
    const text = 'for i in {1..3000}; do echo line $i; [ $((i % 500)) = 0 ] && sleep 0.1; done';
    await engine.begin('default', 'streamed', text);
    const response = await fetch(`${engine.url}/commands/streamed/events?after=0`);
    let got = '';
    let seq = 0;
    const read = async (stream: AsyncIterable<CommandEvent>, most: number) => {
      for await (const event of stream) {
        if (event.type !== 'stdout' || !('data' in event)) continue;
        got += event.data;
        seq = event.seq;
        if (got.length > most) return;
      }
    };
    await read(await events(response), 2000);
    await engine.killAndRestart();
    const rest = await collect(
      await events(await fetch(`${engine.url}/commands/streamed/events?after=${seq}`)),
    );
    expect(got + rest.stdout.toString()).toBe(
      Array.from({ length: 3000 }, (_, i) => `line ${i + 1}\n`).join(''),
    );
    expect(rest.end).toMatchObject({ type: 'exit', exitCode: 0 });
  });

  test('a shell that the engine had not yet noted is ended, and deleting its session ends nothing else', async () => {
    await engine.call('POST', '/sessions', { id: 'unnoted' });
    const { stdout: pid } = await engine.exec('unnoted', 'v=1; echo $$');
    const bystander = await engine.process('bystander', 'sleep 600');
    await engine.kill();
    const [key] = /(?<="key":")\w+(?=","set":\{"id":"unnoted")/.exec(journal()) ?? [];
    appendFileSync(journalPath(), `${JSON.stringify({ is: 'session', key, set: { shell: null } })}\n`);
    await engine.start();
    await until(async () => !existsSync(`/proc/${pid.trim()}`));
    expect(await engine.exec('unnoted', 'echo $v')).toMatchObject({ stdout: '1\n', shellRestarted: true });
    await engine.killAndRestart();
    appendFileSync(journalPath(), `${JSON.stringify({ is: 'session', key, set: { shell: null } })}\n`);
    await engine.killAndRestart();
    expect((await engine.call('DELETE', '/sessions/unnoted')).status).toBe(204);
    expect(existsSync(`/proc/${bystander.pid}`)).toBe(true);
    expect((await engine.exec('default', 'echo fine')).stdout).toBe('fine\n');
  });

  test('a log that cannot be read costs its own command, and keeps nothing else from being taken over', async () => {
    await engine.exec('default', 'v=kept');
    await engine.exec('default', 'seq 1 50000', { id: 'broken' });
    await engine.process('broken-too', 'seq 1 50000');
    await engine.ended('broken-too');
    await engine.kill();
    for (const id of ['broken', 'broken-too']) {
      const log = join(engine.stateFolder, 'logs', `${id}.0`);
      rmSync(log);
      mkdirSync(log);
    }
    await engine.start();
    for (const id of ['broken', 'broken-too'])
      expect(await engine.ended(id)).toMatchObject({ state: 'lost' });
    expect((await engine.call('GET', '/processes')).status).toBe(200);
    expect((await engine.exec('default', 'echo $v')).stdout).toBe('kept\n');
  });

  test('a SIGTERM cuts streams without a last event', async () => {
    await engine.begin('default', 'long', 'echo began; sleep 600');
    const response = await fetch(`${engine.url}/commands/long/events?after=0`);
    const seen: string[] = [];
    const read = async () => {
      for await (const event of await events(response)) {
        seen.push(event.type);
        if (event.type === 'stdout') process.kill(engine.pid, 'SIGTERM');
      }
    };
    await read().catch(() => seen.push('cut'));
    expect(seen).toEqual(['start', 'stdout', 'cut']);
    await engine.stop();
    engine = await MortalEngine.start();
  });

  test('nothing is left when it ends: no process, no file in memory', async () => {
    await engine.begin('default', 'long', 'sleep 600 & sleep 600');
    await engine.process('daemon', 'sleep 600', { stdinOpen: true });
    await engine.killAndRestart();
    const control = readdirSync('/dev/shm').filter((name) => name.startsWith('holdfast-'));
    await engine.stop();
    const left = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => environmentOf(pid).includes(engine.folder));
    expect(left).toEqual([]);
    const still = readdirSync('/dev/shm').filter((name) => control.includes(name));
    expect(still.length).toBeLessThan(control.length || 1);
    engine = await MortalEngine.start();
  });
});

/** Of a zombie, or one that is gone, empty. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
