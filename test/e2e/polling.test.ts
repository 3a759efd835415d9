// The polling dialect, rule by rule, by raw calls.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ProcessInfo, ProcessList } from '#protocol';
import { api, target } from './harness/api.ts';
import { BASES, encode, type OutputAnswer, poll, read, start } from './harness/polling.ts';
import { startProgram } from './harness/program.ts';
import { until } from './harness/until.ts';

const refusal = (code: string) => ({ error: { code, message: expect.any(String) } });

describe.each(BASES)('under %s', (base) => {
  const at = (id: string, rest: string) => `${base}/processes/${id}/${rest}`;

  test('a process is started, polled, fed and ended', async () => {
    const id = await start('echo ready; while read -r line; do echo "got $line"; done', base);
    await read(id, (_, stdout) => stdout === 'ready\n');
    const written = await api('POST', at(id, 'stdin'), { data_b64: encode('a word\n') });
    expect(written).toMatchObject({ status: 200, body: { ok: true } });
    await read(id, (_, stdout) => stdout === 'ready\ngot a word\n');
    const ended = await api('POST', at(id, 'terminate'), {});
    expect(ended).toMatchObject({ status: 200, body: { ok: true } });
    const { body } = await api('GET', `${at(id, 'output')}?since=0`);
    expect(body).toMatchObject({ exit_code: 143, session_alive: false });
  });

  test('the environments are one, and say which tool they have', async () => {
    const { status, body } = await api('POST', `${base}/envs/list`, {});
    const tool = { name: 'exec_command', description: expect.any(String), kind: 'core' };
    const env = { name: expect.any(String), type: 'executor', is_default: true, tools: [tool] };
    expect({ status, body }).toEqual({ status: 200, body: { envs: [env] } });
  });
});

describe('starting', () => {
  const call = (body: unknown) => api('POST', '/api/sdk/envs/default/tool/call', body);

  test('the answer holds the session_id as structure and as text', async () => {
    const { status, body } = await call({ tool: 'exec_command', arguments: { command: 'true' } });
    const { structuredContent, content } = body as {
      structuredContent: { session_id: string };
      content: { type: string; text: string }[];
    };
    expect(status).toBe(200);
    expect(structuredContent).toEqual({ session_id: expect.any(String) });
    expect(content).toEqual([{ type: 'text', text: expect.any(String) }]);
    expect(JSON.parse(content[0]!.text)).toEqual(structuredContent);
  });

  test('the process shows in the process table under the same id', async () => {
    const id = await start('sleep 600');
    const { body } = await api<ProcessList>('GET', '/processes');
    expect(body.processes).toContainEqual(expect.objectContaining({ id, command: 'sleep 600' }));
    expect((await api<ProcessInfo>('GET', `/processes/${id}`)).body.state).toBe('running');
  });

  test('a process started otherwise is polled too, and takes input only if it was asked to', async () => {
    const { body } = await api<ProcessInfo>('POST', '/processes', { command: 'echo hello' });
    expect((await read(body.id)).stdout.toString()).toBe('hello\n');
    const { body: deaf } = await api<ProcessInfo>('POST', '/processes', { command: 'sleep 600' });
    const answer = await api('POST', `/api/sdk/processes/${deaf.id}/stdin`, { data_b64: encode('x') });
    expect(answer).toMatchObject({ status: 409, body: refusal('stdin_closed') });
    await api('DELETE', `/processes/${deaf.id}`);
  });

  test('unknown fields are ignored', async () => {
    const extra = { tool: 'exec_command', colour: 'red', arguments: { command: 'exit 3', workdir: '/x' } };
    const { status, body } = await call(extra);
    expect(status).toBe(200);
    const { session_id } = (body as { structuredContent: { session_id: string } }).structuredContent;
    expect((await read(session_id)).last.exit_code).toBe(3);
  });

  test('any other tool is unknown_tool', async () => {
    const answer = await call({ tool: 'read_file', arguments: { path: '/etc/passwd' } });
    expect(answer).toMatchObject({ status: 400, body: refusal('unknown_tool') });
  });

  test('a body that is none is a bad_request', async () => {
    const bodies = [
      '{',
      '[]',
      'null',
      {},
      { tool: 7 },
      { tool: 'exec_command' },
      { tool: 'exec_command', arguments: 'ls' },
      { tool: 'exec_command', arguments: {} },
      { tool: 'exec_command', arguments: { command: ['ls'] } },
      { tool: 'exec_command', arguments: { command: 'a\0b' } },
    ];
    for (const body of bodies) {
      expect(await call(body), JSON.stringify(body)).toMatchObject({
        status: 400,
        body: refusal('bad_request'),
      });
    }
  });
});

describe('polling', () => {
  test('both streams come back exactly, whatever their bytes', async () => {
    const { stdout, stderr, last } = await read(
      await start(`printf 'a\\0\\377\\n\\001\\001\\001'; printf 'no newline' >&2; exit 7`),
    );
    expect(stdout).toEqual(Buffer.from('a\0\xff\n\x01\x01\x01', 'latin1'));
    expect(stderr.toString()).toBe('no newline');
    expect(last).toEqual({
      chunks: expect.any(Array),
      exit_code: 7,
      session_alive: false,
      truncated: false,
      lost_bytes: 0,
    });
  });

  test('since is exclusive, and what is not a number reads as 0', async () => {
    const id = await start('echo one; echo two');
    await read(id);
    const whole = await poll(id);
    const seqs = whole.chunks.map(({ seq }) => seq);
    expect((await poll(id, seqs.at(-1))).chunks).toEqual([]);
    expect((await poll(id, 1)).chunks.map(({ data_b64 }) => data_b64)).toEqual([encode('two\n')]);
    for (const since of ['', 'abc', '-1', '1.5', 'null']) expect(await poll(id, since)).toEqual(whole);
    expect((await api('GET', `/api/sdk/processes/${id}/output`)).body).toEqual(whole);
  });

  test('a poll that finds nothing new keeps its place', async () => {
    const id = await start('echo one; read -r; echo two');
    await read(id, (_, stdout) => stdout === 'one\n');
    expect(await poll(id, 1)).toEqual({
      chunks: [],
      exit_code: null,
      session_alive: true,
      truncated: false,
      lost_bytes: 0,
    });
    await api('POST', `/api/sdk/processes/${id}/stdin`, { data_b64: encode('\n') });
    const next = await until(async () => {
      const answer = await poll(id, 1);
      return answer.chunks.length > 0 && answer;
    });
    expect(next.chunks).toEqual([{ stream: 'stdout', data_b64: encode('two\n'), seq: 2 }]);
  });

  test('the exit code comes with the last of the output, in however many pages', async () => {
    const id = await start('head -c 9000000 /dev/zero | tr "\\0" x; echo; exit 5');
    await until(async () => (await api<ProcessInfo>('GET', `/processes/${id}`)).body.state === 'settled');
    const first = await poll(id);
    expect(first).toMatchObject({ exit_code: null, session_alive: true, truncated: false });
    const { stdout, last } = await read(id, (answer) => answer.exit_code !== null);
    expect(stdout.length).toBe(9_000_001);
    expect(last).toMatchObject({ exit_code: 5, session_alive: false });
  });

  test('an exited process whose output a child still holds is alive, with its exit code', async () => {
    const id = await start('echo mine; { sleep 600; } & exit 4');
    const { stdout, last } = await read(id, (answer) => answer.exit_code !== null);
    expect(stdout.toString()).toBe('mine\n');
    expect(last).toMatchObject({ exit_code: 4, session_alive: true });
    await api('POST', `/api/sdk/processes/${id}/terminate`, {});
    expect((await read(id)).last).toMatchObject({ exit_code: 4, session_alive: false });
  });

  test('what has left the log is counted, and the rest follows', async () => {
    const id = await start('echo first; head -c 100000000 /dev/zero | tr "\\0" "\\n"; echo last');
    await until(
      async () => (await api<ProcessInfo>('GET', `/processes/${id}`)).body.state === 'settled',
      20_000,
    );
    const total = 6 + 100_000_000 + 5;
    const { body } = await api<OutputAnswer>('GET', `/api/sdk/processes/${id}/output?since=0`);
    expect(body.truncated).toBe(true);
    let since = body.chunks.at(-1)!.seq;
    let size = body.chunks.reduce((sum, { data_b64 }) => sum + Buffer.byteLength(data_b64, 'base64'), 0);
    for (let alive = body.session_alive; alive; ) {
      const page = await poll(id, since);
      expect(page).toMatchObject({ truncated: false, lost_bytes: 0 });
      for (const { data_b64, seq } of page.chunks) {
        since = seq;
        size += Buffer.byteLength(data_b64, 'base64');
      }
      alive = page.session_alive;
    }
    expect(body.lost_bytes + size).toBe(total);
  });
});

describe('stdin and the end', () => {
  test('a prompt without a newline is seen, and takes its answer', async () => {
    const id = await start(`printf 'Password: '; read -r x; echo "[$x]"`);
    await read(id, (_, stdout) => stdout === 'Password: ');
    await api('POST', `/api/sdk/processes/${id}/stdin`, { data_b64: encode('secret\n'), colour: 'red' });
    expect((await read(id)).stdout.toString()).toBe('Password: [secret]\n');
  });

  test('what is not base64 is bad_base64, and reaches nobody', async () => {
    const id = await start('read -r x; echo "[$x]"');
    for (const data_b64 of ['%%%%', 'YQ', 'YQ=', 'Y===', 'YQ==\n', 'a-_b']) {
      const answer = await api('POST', `/api/sdk/processes/${id}/stdin`, { data_b64 });
      expect(answer, data_b64).toMatchObject({ status: 400, body: refusal('bad_base64') });
    }
    await api('POST', `/api/sdk/processes/${id}/stdin`, { data_b64: encode('x\n') });
    expect((await read(id)).stdout.toString()).toBe('[x]\n');
  });

  test('a body that is none is a bad_request', async () => {
    const id = await start('sleep 600');
    for (const body of ['{', '[]', {}, { data_b64: 7 }, { data_b64: null }, { data: 'x' }]) {
      const answer = await api('POST', `/api/sdk/processes/${id}/stdin`, body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: refusal('bad_request') });
    }
    for (const body of ['{', '[]', '7']) {
      const answer = await api('POST', `/api/sdk/processes/${id}/terminate`, body);
      expect(answer, body).toMatchObject({ status: 400, body: refusal('bad_request') });
    }
  });

  test('the stdin of a process that ended is stdin_closed', async () => {
    const id = await start('true');
    await read(id);
    const answer = await api('POST', `/api/sdk/processes/${id}/stdin`, { data_b64: encode('x') });
    expect(answer).toMatchObject({ status: 409, body: refusal('stdin_closed') });
  });

  test('terminate ends what ignores SIGTERM, and is safe to repeat', async () => {
    const id = await start(`trap '' TERM; echo up; while :; do sleep 1; done`);
    await read(id, (_, stdout) => stdout === 'up\n');
    for (const body of [{}, undefined]) {
      const answer = await api('POST', `/api/sdk/processes/${id}/terminate`, body);
      expect(answer).toMatchObject({ status: 200, body: { ok: true } });
    }
    expect(await poll(id)).toMatchObject({ exit_code: 137, session_alive: false });
  });
});

describe('refusals', () => {
  const CALLS = [
    ['GET', '/api/sdk/processes/nobody/output?since=0', undefined],
    ['POST', '/api/sdk/processes/nobody/stdin', { data_b64: '' }],
    ['POST', '/api/connectors/processes/nobody/terminate', {}],
  ] as const;

  test('an unknown session is session_not_found, also under an id that no process can have', async () => {
    for (const [method, path, body] of CALLS) {
      for (const id of ['nobody', 'no%20body', 'x'.repeat(65)]) {
        const answer = await api(method, path.replace('nobody', id), body);
        expect(answer, `${method} ${id}`).toMatchObject({ status: 404, body: refusal('session_not_found') });
      }
    }
  });

  test('no bearer token is missing_bearer, a wrong one invalid_token', async () => {
    for (const [method, path, body] of CALLS) {
      const ask = async (authorization: string | undefined) => {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
        const sent = body && JSON.stringify(body);
        const response = await fetch(target.url + path, { method, headers, body: sent });
        return { status: response.status, body: await response.json() };
      };
      for (const none of [undefined, 'Basic YTpi', 'Bearer', 'wrong']) {
        expect(await ask(none), none).toMatchObject({ status: 401, body: refusal('missing_bearer') });
      }
      expect(await ask('Bearer wrong')).toMatchObject({ status: 401, body: refusal('invalid_token') });
    }
  });

  test('other paths and methods below are not found, in the same shape', async () => {
    for (const [method, path] of [
      ['GET', '/api/sdk/processes'],
      ['DELETE', '/api/sdk/processes/nobody'],
      ['POST', '/api/other'],
    ] as const) {
      expect(await api(method, path)).toMatchObject({ status: 404, body: refusal('not_found') });
    }
  });
});

test.runIf(target.name === 'engine')(
  'a finished process stays readable for one idle window, and polling keeps it alive',
  async () => {
    const idleMs = 1000;
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-idle-'));
    const program = startProgram('container/engine/main.ts', {
      PORT: '0',
      HOLDFAST_STATE_DIR: join(folder, 'state'),
      HOLDFAST_WORKDIR: folder,
      HOLDFAST_IDLE_MS: String(idleMs),
    });
    onTestFinished(async () => {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const line = await program.line((text) => text.startsWith('{"listening"'));
    const { listening } = JSON.parse(line) as { listening: { port: number } };
    const ask = (path: string, body?: object) =>
      fetch(
        `http://127.0.0.1:${listening.port}${path}`,
        body && { method: 'POST', body: JSON.stringify(body) },
      );
    const started = await ask('/api/sdk/envs/default/tool/call', {
      tool: 'exec_command',
      arguments: { command: 'echo done; exit 9' },
    });
    const { structuredContent } = (await started.json()) as { structuredContent: { session_id: string } };
    const output = `/api/sdk/processes/${structuredContent.session_id}/output?since=0`;

    const end = performance.now() + 2 * idleMs;
    await until(async () => {
      const response = await ask(output);
      expect(response.status).toBe(200);
      const { exit_code, session_alive } = (await response.json()) as OutputAnswer;
      return !session_alive && exit_code === 9 && performance.now() > end;
    });
    // The list is no poll: it shows when the window is over without making it longer.
    await until(async () => ((await (await ask('/processes')).json()) as ProcessList).processes.length === 0);
    const gone = await ask(output);
    expect({ status: gone.status, body: await gone.json() }).toMatchObject({
      status: 404,
      body: refusal('session_not_found'),
    });
  },
);
