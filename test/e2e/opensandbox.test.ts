// OpenSandbox's published client works unchanged, and what it does not show is held by raw calls.
import { CommandsAdapter, createExecdClient } from '@alibaba-group/opensandbox/internal';
import { describe, expect, test } from 'vitest';
import type { InterruptResult, SessionInfo, SessionList } from '#protocol';
import { api, request, target } from './harness/api.ts';
import { until } from './harness/until.ts';

interface Message {
  type: string;
  text?: string;
  timestamp: number;
  execution_time?: number;
  error?: { ename: string; evalue: string; traceback: string[] };
}

const options = { baseUrl: target.url, headers: target.headers };
const commands = new CommandsAdapter(createExecdClient(options), options);

async function newSession(body?: unknown): Promise<string> {
  const { body: answer } = await api<{ session_id: string }>('POST', '/session', body);
  return answer.session_id;
}

/** All messages of one run, by hand. */
async function run(session: string, body: unknown, signal?: AbortSignal): Promise<Message[]> {
  const response = await request('POST', `/session/${session}/run`, body, { signal });
  if (response.status !== 200) expect.fail(`${response.status} ${await response.text()}`);
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part) => JSON.parse(part.replace(/^data: /, '')) as Message);
}

const lines = (messages: Message[], type: string) =>
  messages.filter((message) => message.type === type).map((message) => message.text);
const endings = (messages: Message[]) =>
  messages.filter(({ type }) => type === 'execution_complete' || type === 'error');

describe('the published client', () => {
  test('a session keeps its cwd, variables and functions from run to run', async () => {
    const id = await commands.createSession({ workingDirectory: '/tmp' });
    await commands.runInSession(id, 'x=41; f() { echo "f $x"; }; cd /usr');
    const { logs, exitCode } = await commands.runInSession(id, 'pwd; f; echo oops >&2');
    expect(logs.stdout.map(({ text }) => text)).toEqual(['/usr', 'f 41']);
    expect(logs.stderr.map(({ text }) => text)).toEqual(['oops']);
    expect(exitCode).toBe(0);
    await commands.deleteSession(id);
  });

  test('a failure is told with its exit code', async () => {
    const id = await commands.createSession();
    const execution = await commands.runInSession(id, 'echo before; (exit 7)');
    expect(execution.exitCode).toBe(7);
    expect(execution.error).toMatchObject({ name: 'CommandExecError', value: '7' });
    await commands.deleteSession(id);
  });

  test('a timeout ends the run and not the session', async () => {
    const id = await commands.createSession();
    await commands.runInSession(id, 'y=1');
    const execution = await commands.runInSession(id, 'echo a; sleep 60', { timeoutSeconds: 0.3 });
    expect(execution.error).toMatchObject({ name: 'CommandTimeoutError', value: '124' });
    expect(execution.logs.stdout.map(({ text }) => text)).toEqual(['a']);
    const { logs } = await commands.runInSession(id, 'echo $y');
    expect(logs.stdout.map(({ text }) => text)).toEqual(['1']);
    await commands.deleteSession(id);
  });

  test('what was deleted is not found', async () => {
    const id = await commands.createSession();
    await commands.deleteSession(id);
    await expect(commands.deleteSession(id)).rejects.toThrow();
    await expect(commands.runInSession(id, 'echo hi')).rejects.toThrow();
  });
});

describe('the wire', () => {
  test('an empty body and null make a session, and it is an ordinary one', async () => {
    for (const body of [undefined, 'null', {}]) {
      const id = await newSession(body);
      const { body: list } = await api<SessionList>('GET', '/sessions');
      expect(list.sessions.map((session) => session.id)).toContain(id);
      const gone = await request('DELETE', `/session/${id}`);
      expect([gone.status, gone.headers.get('content-length')]).toEqual([200, '0']);
    }
  });

  test('the cwd of a new session expands and is made', async () => {
    const name = `holdfast-${crypto.randomUUID()}`;
    const id = await newSession({ cwd: `~/${name}/deep` });
    const messages = await run(id, {
      command: 'cd ~ && rmdir -p "$OLDPWD" 2>/dev/null; echo "$OLDPWD $HOME"',
    });
    const [was, home] = lines(messages, 'stdout')[0]!.split(' ');
    expect(was).toBe(`${home}/${name}/deep`);
    const other = await newSession({ cwd: '$HOME' });
    expect(lines(await run(other, { command: 'pwd' }), 'stdout')).toEqual([home]);
  });

  test('init and a ping come first, then the lines, then exactly one end', async () => {
    const id = await newSession();
    const messages = await run(id, { command: 'echo a; echo; printf b; echo c >&2' });
    expect(messages.slice(0, 2)).toMatchObject([
      { type: 'init', text: id },
      { type: 'ping', text: 'pong' },
    ]);
    expect(lines(messages, 'stdout')).toEqual(['a', '', 'b']);
    expect(lines(messages, 'stderr')).toEqual(['c']);
    expect(endings(messages)).toHaveLength(1);
    expect(messages.at(-1)).toMatchObject({ type: 'execution_complete' });
    expect(messages.every(({ timestamp }) => Number.isInteger(timestamp))).toBe(true);
    expect(Number.isInteger(messages.at(-1)!.execution_time)).toBe(true);
  });

  test('the older fields work as well, and unknown ones are ignored', async () => {
    const id = await newSession();
    const messages = await run(id, { code: 'echo old; sleep 60', timeout_ms: 300, colour: 'red' });
    expect(lines(messages, 'stdout')).toEqual(['old']);
    expect(messages.at(-1)!.error).toEqual({
      ename: 'CommandTimeoutError',
      evalue: '124',
      traceback: ['exit status 124'],
    });
  });

  test('a cwd given with a run stays, and one that does not exist is refused before anything runs', async () => {
    const id = await newSession();
    expect(lines(await run(id, { command: 'pwd', cwd: '/usr' }), 'stdout')).toEqual(['/usr']);
    expect(lines(await run(id, { command: 'pwd' }), 'stdout')).toEqual(['/usr']);
    const refused = await api('POST', `/session/${id}/run`, { command: 'x=ran', cwd: '/nowhere/at/all' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST_BODY' } });
    expect(lines(await run(id, { command: 'echo "${x-not}"; pwd' }), 'stdout')).toEqual(['not', '/usr']);
  });

  test('a line of megabytes comes whole', async () => {
    const id = await newSession();
    const messages = await run(id, { command: 'head -c 3000000 /dev/zero | tr "\\0" x; echo; echo end' });
    expect(lines(messages, 'stdout').map((text) => text!.length)).toEqual([3_000_000, 3]);
  });

  test('an interrupted run says 130, a deleted one -1', async () => {
    const id = await newSession();
    const interrupted = run(id, { command: 'sleep 60' });
    await until(async () => {
      const { body } = await api<InterruptResult>('POST', `/sessions/${id}/interrupt`);
      return body.commandId !== null;
    });
    expect((await interrupted).at(-1)!.error).toMatchObject({ ename: 'CommandExecError', evalue: '130' });
    const deleted = run(id, { command: 'echo up; sleep 60' });
    await until(async () => (await api<SessionInfo>('GET', `/sessions/${id}`)).body.runningCommand !== null);
    await request('DELETE', `/session/${id}`);
    expect((await deleted).at(-1)!.error).toMatchObject({ evalue: '-1' });
  });

  test('a client that disconnects cancels at once, and a queued run whose client left never starts', async () => {
    const id = await newSession();
    const [leaveFirst, leaveSecond] = [new AbortController(), new AbortController()];
    const path = `/session/${id}/run`;
    const session = async () => (await api<SessionInfo>('GET', `/sessions/${id}`)).body;
    const first = await request('POST', path, { command: 'sleep 60' }, { signal: leaveFirst.signal });
    await until(async () => (await session()).runningCommand !== null);
    const second = await request('POST', path, { command: 'queued=ran' }, { signal: leaveSecond.signal });
    expect([first.status, second.status]).toEqual([200, 200]);
    await until(async () => (await session()).queueLength === 1);
    leaveSecond.abort();
    await until(async () => (await session()).queueLength === 0);
    leaveFirst.abort();
    expect(lines(await run(id, { command: 'echo "${queued-never}"' }), 'stdout')).toEqual(['never']);
  });

  test("bad bodies and unknown sessions have the dialect's own errors", async () => {
    const id = await newSession();
    for (const body of ['{', {}, { command: '' }, { command: 7 }, { command: 'x', timeout: -1 }]) {
      const answer = await api('POST', `/session/${id}/run`, body);
      expect(answer, JSON.stringify(body)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_REQUEST_BODY' },
      });
    }
    const unknown = await api('POST', '/session/nobody/run', { command: 'echo' });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'CONTEXT_NOT_FOUND' } });
    expect((await request('DELETE', '/session/nobody')).status).toBe(404);
    expect((await request('GET', '/ping')).status).toBe(200);
  });
});
