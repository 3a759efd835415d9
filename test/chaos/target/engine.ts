// The engine alone. Here chaos is the supervisor: an engine that ended is started again on its folder, port and token.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngine } from '../../../sdk/index.ts';
import { type Program, startProgram } from '../../e2e/harness/program.ts';
import { fillFile } from './fill-file.ts';
import { isEngine, kill, processesWhere } from './processes.ts';
import { type FaultName, PATIENT, type Target } from './target.ts';

/** Handed on to every process of the sandbox, so that all are found. */
const MARK = 'CLOUDFLARE_CHAOS';
const DISK_MIB = 512;

/** @param disk Puts the state folder on a small disk of its own, which takes root. */
export async function startEngineTarget({ disk = false } = {}): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-chaos-'));
  const state = join(folder, 'state');
  const work = join(folder, 'work');
  mkdirSync(work);
  mkdirSync(state);
  const mounted = disk && mountDisk(state);
  const token = randomUUID();
  const mark = randomUUID();
  let port = '0';
  let stopping = false;
  let last = '';
  let program = start();
  const { host, port: taken } = await listening(program);
  port = String(taken);
  supervise();

  function start(): Program {
    return startProgram('container/engine/main.ts', {
      PORT: port,
      HOLDFAST_ENGINE_TOKEN: token,
      HOLDFAST_STATE_DIR: state,
      HOLDFAST_WORKDIR: work,
      [MARK]: mark,
    });
  }

  function supervise(): void {
    // Not `close`: what the engine started may hold its output.
    program.child.once('exit', (exitCode) => {
      if (stopping) return;
      // It went by itself: what it said is what there is to know.
      if (exitCode !== null) last = `exit code ${exitCode}:\n${program.tail()}`;
      program = start();
      supervise();
    });
  }

  const url = `http://${host}:${taken}`;
  const processes = () => processesWhere(({ env }) => env.get(MARK) === mark);
  const supports: FaultName[] = ['connection', 'reader', 'shell', 'process', 'pause', 'engine'];
  return {
    name: 'engine',
    url,
    headers: { authorization: `Bearer ${token}` },
    supports: mounted ? [...supports, 'disk'] : supports,
    sdk: (over) => connectEngine(url, { token, fetch: over, retry: PATIENT }),
    processes,
    folders: () => [state, controlFolder(state)],
    keepsFiles: true,
    ...(mounted && { fillDisk: (ms: number) => fillFile(join(state, 'filler'), ms) }),
    tail: () => `${last}\n${program.tail()}`,
    async stop() {
      stopping = true;
      for (const { pid } of processes().filter(isEngine)) kill(pid, 'SIGCONT');
      await program.stop();
      for (const { pid } of processes()) kill(pid, 'SIGKILL');
      while (processes().length > 0) await sleep(20);
      if (mounted) spawnSync('umount', ['-l', state]);
      rmSync(controlFolder(state), { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listening(program: Program): Promise<{ host: string; port: number }> {
  const line = await program.line((text) => text.startsWith('{"listening"'));
  return (JSON.parse(line) as { listening: { host: string; port: number } }).listening;
}

/** Where the engine keeps what every command touches. */
function controlFolder(state: string): string {
  const name = `holdfast-${createHash('sha256')
    .update(existsSync(state) ? realpathSync(state) : state)
    .digest('hex')
    .slice(0, 12)}`;
  return join('/dev/shm', name);
}

/** False where it cannot be done. */
function mountDisk(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder]).status === 0;
}
