// Commands and sessions under the names of `@cloudflare/sandbox`, in workerd, on a real engine.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import {
  asyncIterableToSSEStream,
  type ExecEvent,
  errorCode,
  getSandbox,
  parseSSEStream,
  responseToAsyncIterable,
} from '../../cloudflare/index.ts';
import { collect } from '../sdk/harness/collect.ts';

const codeOf = (call: Promise<unknown>) => call.then(() => undefined, errorCode);

test('exec answers under both vocabularies, and its state stays', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-exec');
  await sandbox.exec('cd /tmp; word=hello');
  const result = await sandbox.exec('cat; echo $word from $PWD, $EXTRA; echo no >&2; (exit 3)', {
    env: { EXTRA: 'more', ABSENT: undefined },
    stdin: 'in\n',
  });
  expect(result).toMatchObject({
    success: false,
    exitCode: 3,
    stdout: 'in\nhello from /tmp, more\n',
    stderr: 'no\n',
    sessionId: 'default',
    timedOut: false,
  });
  expect(result.command).toMatch(/^cat; echo/);
  expect(result.duration).toBe(result.durationMs);
  expect(Date.parse(result.timestamp)).toBeGreaterThan(Date.now() - 60_000);
  expect((await sandbox.exec('pwd', { cwd: '/usr' })).stdout).toBe('/usr\n');
  const late = await sandbox.exec('echo begun; sleep 60', { timeout: 300 });
  expect(late).toMatchObject({ success: false, exitCode: 124, timedOut: true, stdout: 'begun\n' });
  await sandbox.destroy();
});

test('callbacks hear the output as it comes, and the result', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-callbacks');
  const heard: string[] = [];
  const result = await sandbox.exec('echo out; echo err >&2', {
    stream: true,
    onOutput: (stream, data) => heard.push(`${stream}: ${data}`),
    onComplete: ({ exitCode }) => heard.push(`complete: ${exitCode}`),
  });
  expect(heard.slice(0, 2).sort()).toEqual(['stderr: err\n', 'stdout: out\n']);
  expect(heard[2]).toBe('complete: 0');
  expect(result).toMatchObject({ success: true, stdout: 'out\n', stderr: 'err\n' });
  let told: Error | undefined;
  const options = { cwd: '/nowhere', onError: (error: Error) => (told = error) };
  expect(await codeOf(sandbox.exec('true', options))).toBe('CWD_NOT_FOUND');
  expect(errorCode(told)).toBe('CWD_NOT_FOUND');
  await sandbox.destroy();
});

test('execStream gives server-sent events that parseSSEStream reads', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-stream');
  const stream = await sandbox.execStream('echo one; printf "\\377"; exit 4');
  const events = await collect(parseSSEStream<ExecEvent>(stream));
  expect(events[0]).toMatchObject({ type: 'start', command: expect.any(String), sessionId: 'default' });
  const output = events.filter(({ type }) => type === 'stdout');
  expect(output.map(({ data }) => data).join('')).toBe('one\n\ufffd');
  expect(events.at(-1)).toMatchObject({ type: 'complete', exitCode: 4, result: { success: false } });
  expect(await codeOf(sandbox.execStream('true', { cwd: '/nowhere' }))).toBe('CWD_NOT_FOUND');
  await sandbox.destroy();
});

test('an abort ends the command of an exec and of a stream, and the session lives on', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-abort');
  await sandbox.exec('kept=yes');
  const leaving = new AbortController();
  const waiting = sandbox.exec('sleep 60', { signal: leaving.signal });
  await expect.poll(async () => (await sandbox.holdfast.getSession('default')).runningCommand).not.toBeNull();
  leaving.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect((await sandbox.exec('echo $kept')).stdout).toBe('yes\n');

  const again = new AbortController();
  const stream = await sandbox.execStream('echo begun; sleep 60', { signal: again.signal });
  const reading = (async () => {
    for await (const event of parseSSEStream<ExecEvent>(stream)) if (event.type === 'stdout') again.abort();
  })();
  await expect(reading).rejects.toThrow('abort');
  expect((await sandbox.exec('echo $kept')).stdout).toBe('yes\n');
  await sandbox.destroy();
});

test('a stream that is cancelled while its command is silent ends the command', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-cancel');
  const stream = await sandbox.execStream('sleep 60');
  const reader = stream.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain('start');
  await Promise.all([reader.read(), reader.cancel()]);
  const exitCode = async () => (await sandbox.holdfast.listCommands())[0]?.exitCode;
  await expect.poll(exitCode, { timeout: 10_000 }).toBe(130);
  const { id } = await sandbox.startProcess('sleep 60');
  for (const silent of [
    await sandbox.streamProcessLogs(id),
    await sandbox.watch('/tmp/..', { recursive: false }),
  ]) {
    const reading = silent.getReader();
    await reading.cancel();
  }
  expect((await sandbox.getProcess(id))?.status).toBe('running');
  await sandbox.destroy();
});

test('a signal given to parseSSEStream ends the reading', async () => {
  const leaving = new AbortController();
  const endless = asyncIterableToSSEStream(
    (async function* () {
      for (let at = 0; ; at++) yield { at };
    })(),
  );
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { at } of parseSSEStream<{ at: number }>(endless, leaving.signal)) {
      seen.push(at);
      if (at === 2) leaving.abort(new Error('enough'));
    }
  })();
  await expect(reading).rejects.toThrow('enough');
  expect(seen).toEqual([0, 1, 2]);
});

test('events become an answer and are read from it again', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-answer');
  const answer = new Response(await sandbox.execStream('echo hi'));
  const types = (await collect(responseToAsyncIterable<ExecEvent>(answer))).map(({ type }) => type);
  expect(types).toEqual(['start', 'stdout', 'complete']);
  await expect(collect(responseToAsyncIterable(new Response('', { status: 500 })))).rejects.toThrow('500');
  const leaving: string[] = [];
  const events = (async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      leaving.push('left');
    }
  })();
  await asyncIterableToSSEStream(events).cancel();
  const reader = asyncIterableToSSEStream(events).getReader();
  await reader.cancel();
  for await (const one of parseSSEStream<number>(asyncIterableToSSEStream(twoEvents(leaving)))) {
    expect(one).toBe(1);
    break;
  }
  await expect.poll(() => leaving).toContain('both left');
  await sandbox.destroy();
});

async function* twoEvents(leaving: string[]) {
  try {
    yield 1;
    yield 2;
  } finally {
    leaving.push('both left');
  }
}

test('sessions are made, found by their id, apart from each other, and ended', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-sessions');
  const build = await sandbox.createSession({ id: 'build', cwd: '/tmp', env: { CI: '1', NOT: undefined } });
  expect(build.id).toBe('build');
  expect((await build.exec('echo $PWD $CI ${NOT-unset}')).stdout).toBe('/tmp 1 unset\n');
  expect((await sandbox.exec('echo ${CI-unset}')).stdout).toBe('unset\n');
  await build.exec('x=1');
  expect((await (await sandbox.getSession('build')).exec('echo $x')).stdout).toBe('1\n');
  expect(await codeOf(sandbox.createSession({ id: 'build' }))).toBe('SESSION_EXISTS');
  const stream = await sandbox.execStream('echo $x', { sessionId: 'build' });
  expect(await new Response(stream).text()).toContain('"data":"1\\n"');
  expect(await sandbox.deleteSession('build')).toMatchObject({ success: true, sessionId: 'build' });
  expect(await codeOf(build.exec('true'))).toBe('SESSION_NOT_FOUND');
  const hasty = await sandbox.createSession({ commandTimeoutMs: 300 });
  expect((await hasty.exec('sleep 60')).timedOut).toBe(true);
  await sandbox.destroy();
});

test('setEnvVars reaches the sessions that it says, whatever the values hold', async () => {
  const sandbox = getSandbox(env.SANDBOX, 'cf-env');
  const odd = `it's "odd" $HOME \`x\` \\ \n$(exit 9)`;
  await sandbox.setEnvVars({ ODD: odd, GONE: 'soon' });
  expect((await sandbox.exec('printenv ODD')).stdout).toBe(`${odd}\n`);
  const later = await sandbox.createSession();
  expect((await later.exec('printenv ODD')).stdout).toBe(`${odd}\n`);
  await sandbox.setEnvVars({ GONE: undefined });
  expect((await sandbox.exec('echo ${GONE-unset}')).stdout).toBe('unset\n');
  await later.setEnvVars({ MINE: 'only' });
  expect((await later.exec('echo $MINE')).stdout).toBe('only\n');
  expect((await sandbox.exec('echo ${MINE-unset}')).stdout).toBe('unset\n');
  for (const name of ['a b', '1a', '__hf_x', 'A;touch /tmp/x', '']) {
    expect(await codeOf(sandbox.setEnvVars({ [name]: 'x' }))).toBe('INVALID_REQUEST');
  }
  await sandbox.exec('readonly FIXED=1');
  expect(await codeOf(sandbox.setEnvVars({ FIXED: '2' }))).toBe('INVALID_REQUEST');
  await sandbox.destroy();
});
