// A container that is killed: its sessions are there in the next one, and what ran in it is lost and says so.
// (docker only: elsewhere there is no container to kill; the tests of the Worker hold the same on the local host)
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { CommandInfo, ExecResult, SessionInfo } from '#protocol';
import { api, target } from './harness/api.ts';
import { until } from './harness/until.ts';

const SESSIONS = Array.from({ length: 20 }, (_, i) => `dying-${i}`);

test.skipIf(target.name !== 'docker')(
  '`docker kill`: each of twenty sessions answers with its state, and what ran is lost (docker only)',
  { timeout: 120_000 },
  async () => {
    const exec = async (session: string, command: string, more: object = {}) => {
      const answer = await api<ExecResult>('POST', `/sessions/${session}/exec`, { command, ...more });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      return answer.body;
    };
    for (const id of SESSIONS) {
      await api('POST', '/sessions', { id });
      await exec(
        id,
        `mkdir -p /tmp/${id}; cd /tmp/${id}; v=${id}; greet() { echo hi $1; }; shopt -s extglob`,
      );
    }
    const running = api('POST', `/sessions/default/exec`, { command: 'sleep 600', id: 'dies' });
    await until(async () => (await api<CommandInfo>('GET', '/commands/dies')).body.state === 'running');
    await exec(SESSIONS[0]!, 'echo before', { id: 'known' });
    // Its network is that of the sidecar beside it, and so is its host name.
    const sidecar = (await exec(SESSIONS[0]!, 'hostname')).stdout.trim();
    const name = execFileSync('docker', ['inspect', '-f', '{{.Name}}', sidecar], { encoding: 'utf8' });
    const container = name.trim().replace(/-proxy$/, '');
    // What happened in the last moment goes with a container; storage tells when it has the newest.
    await until(async () => {
      const { body } = await api<{ sessions: SessionInfo[] }>('GET', '');
      const last = body.sessions.find(({ id }) => id === SESSIONS[0]);
      const { body: now } = await api<SessionInfo>('GET', `/sessions/${SESSIONS[0]}`);
      return last?.lastUsedAt === now.lastUsedAt;
    });
    execFileSync('docker', ['kill', container], { stdio: 'ignore' });
    const startedAt = performance.now();
    const results = await Promise.all(
      SESSIONS.map((id) => exec(id, 'echo $v $PWD; greet you; shopt extglob')),
    );
    console.log(`20 sessions answered ${Math.round(performance.now() - startedAt)} ms after docker kill`);
    for (const [i, { stdout, shellRestarted, missingCwd }] of results.entries()) {
      const id = SESSIONS[i]!;
      // The disk of the container is gone: the session is in the nearest folder that is there, and says so.
      expect(stdout).toBe(`${id} /tmp\nhi you\nextglob        \ton\n`);
      expect({ shellRestarted, missingCwd }).toEqual({ shellRestarted: true, missingCwd: `/tmp/${id}` });
    }
    expect(await running).toMatchObject({ body: { error: { code: 'COMMAND_LOST' } } });
    expect((await api<CommandInfo>('GET', '/commands/dies')).body.state).toBe('lost');
    const again = await api('POST', `/sessions/default/exec`, { command: 'sleep 600', id: 'dies' });
    expect(again).toMatchObject({ status: 410, body: { error: { code: 'COMMAND_LOST' } } });
    const known = await api<ExecResult>('POST', `/sessions/${SESSIONS[0]}/exec`, {
      command: 'echo before',
      id: 'known',
    });
    expect(known.body).toMatchObject({ stdout: 'before\n', exitCode: 0 });
    for (const id of SESSIONS) await api('DELETE', `/sessions/${id}`);
  },
);
