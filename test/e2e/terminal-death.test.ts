// What an engine that is killed leaves of its terminals: nothing.
import { expect } from 'vitest';
import type { TerminalInfo } from '#protocol';
import { target } from './harness/api.ts';
import { MortalEngine } from './harness/mortal-engine.ts';
import { test } from './harness/session.ts';
import { PLAIN, TestViewer } from './harness/terminal.ts';
import { until } from './harness/until.ts';

// The engine alone: it is killed by its number.
test.skipIf(target.name !== 'engine')(
  'terminals end with their engine, and the next one ends what escaped the hang-up',
  async () => {
    const engine = await MortalEngine.start();
    try {
      const { body } = await engine.call<TerminalInfo>('POST', '/terminals', { id: 't', env: PLAIN });
      const viewer = await TestViewer.open('t', {}, { url: engine.url, headers: {} });
      const mark = `32${Date.now() % 1_000_000}`;
      viewer.type(`nohup sleep ${mark} >/dev/null 2>&1 & setsid sleep ${mark} & sleep ${mark}\r`);
      const alive = async () => {
        const { stdout } = await engine.exec('default', `pgrep -cfx "sleep ${mark}"`);
        return Number(stdout);
      };
      await until(async () => (await alive()) === 3);
      await engine.kill();
      expect(await viewer.closed).toBe(1006);
      // The kernel hangs up: the shell is gone before any engine comes.
      await until(async () => !isAlive(body.pid));
      await engine.start();
      await until(async () => (await alive()) === 0);
      expect((await engine.call<{ terminals: unknown[] }>('GET', '/terminals')).body.terminals).toEqual([]);
      expect((await engine.call('POST', '/terminals', { id: 't', env: PLAIN })).status).toBe(201);
    } finally {
      await engine.stop();
    }
  },
);

test.skipIf(target.name !== 'engine')(
  'what an ended terminal left running on purpose survives the engine',
  async () => {
    const engine = await MortalEngine.start();
    try {
      const mark = `33${Date.now() % 1_000_000}`;
      const command = `nohup sleep ${mark} >/dev/null 2>&1 & until pgrep -fx "sleep ${mark}"; do :; done`;
      await engine.call('POST', '/terminals', { id: 't', command });
      const state = async () => (await engine.call<TerminalInfo>('GET', '/terminals/t')).body.state;
      await until(async () => (await state()) === 'exited');
      await engine.killAndRestart();
      const alive = async () => Number((await engine.exec('default', `pgrep -cfx "sleep ${mark}"`)).stdout);
      expect(await alive()).toBe(1);
      // It ends with its session at the latest.
      await engine.call('DELETE', '/sessions/default');
      await engine.call('POST', '/sessions', { id: 'default' });
      expect(await alive()).toBe(0);
    } finally {
      await engine.stop();
    }
  },
);

test.skipIf(target.name !== 'engine')(
  'an engine that ends as it should takes its terminals along',
  async () => {
    const engine = await MortalEngine.start();
    const { body } = await engine.call<TerminalInfo>('POST', '/terminals', { env: PLAIN });
    const viewer = await TestViewer.open(body.id, {}, { url: engine.url, headers: {} });
    await engine.stop();
    expect(isAlive(body.pid)).toBe(false);
    expect(await viewer.closed).toBe(1000);
    expect(viewer.exit).toMatchObject({ signal: 'SIGKILL' });
  },
);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
