// Secrets of a session: its commands have them, and whoever reads what comes out has not.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { CommandInfo, OutputPage, PortList, ProcessInfo, SavedSession, TerminalInfo } from '#protocol';
import { api, expectError, output, request, target } from './harness/api.ts';
import { collect, replay, stream } from './harness/events.ts';
import { MortalEngine } from './harness/mortal-engine.ts';
import { OwnEngine } from './harness/own-engine.ts';
import { test as base, createSession, type TestSession } from './harness/session.ts';
import { until } from './harness/until.ts';

/** Values of its own for every test: those of others stay masked too. */
const test = base.extend<{ token: string; key: string; holder: TestSession }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names from it
  token: async ({}, use) => await use(`tok-${crypto.randomUUID()}`),
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names from it
  key: async ({}, use) => await use(`-----BEGIN\n${crypto.randomUUID()}\n"quoted" ünd 漢\n-----END\n`),
  holder: async ({ token, key }, use) => {
    const session = await createSession({ secrets: { TOKEN: token, KEY: key } });
    await use(session);
    await session.delete();
  },
});

describe('a command', () => {
  test('has the values in its environment, and its result has not', async ({ holder, token, key }) => {
    const sizes = await holder.exec(
      'printf %s "$TOKEN" | wc -c; printf %s "$KEY" | sha256sum | cut -c1-8; env | grep -c ^TOKEN=',
    );
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(key)))
      .toString('hex')
      .slice(0, 8);
    expect(sizes.stdout).toBe(`${token.length}\n${hash}\n1\n`);
    const shown = await holder.exec('echo "<$TOKEN>"; echo "<$KEY>" >&2; echo $(echo $TOKEN)');
    expect([shown.stdout, shown.stderr]).toEqual(['<***>\n***\n', '<***>\n']);
    const bytes = await holder.exec('printf "\\xff$TOKEN"');
    expect(Buffer.from(bytes.stdoutBase64!, 'base64')).toEqual(Buffer.from([0xff, 0x2a, 0x2a, 0x2a]));
  });

  test('may change its copy, and the next one has the value again, in processes too', async ({
    holder,
    token,
  }) => {
    await holder.exec('TOKEN=mine; unset KEY; echo $TOKEN');
    expect((await holder.exec('echo ${#TOKEN} ${#KEY}')).stdout).toMatch(
      new RegExp(`^${token.length} \\d+\n$`),
    );
    expect((await holder.exec('echo $TOKEN', { env: { TOKEN: 'for this call' } })).stdout).toBe(
      'for this call\n',
    );
    const { body } = await api<ProcessInfo>('POST', '/processes', {
      command: 'echo ${#TOKEN} $TOKEN',
      session: holder.id,
    });
    const page = () => api<OutputPage>('GET', `/processes/${body.id}/output`);
    const done = await until(async () => {
      const answer = await page();
      return !answer.body.alive && answer.body;
    });
    expect(done.chunks.map(({ data }) => data).join('')).toBe(`${token.length} ***\n`);
  });

  test('is listed without the values that stand in its text', async ({ holder, token }) => {
    const result = await holder.exec(`: ${token}; echo done`, { id: `c-${crypto.randomUUID()}` });
    expect(result.command).toBe(': ***; echo done');
    const one = await api<CommandInfo>('GET', `/commands/${result.id}`);
    expect(one.body.command).toBe(': ***; echo done');
    const all = await api('GET', '/commands');
    expect(JSON.stringify(all.body)).not.toContain(token);
  });
});

describe('every reader gets the same masked bytes:', () => {
  test('events, replayed behind any seq, pages and raw output', async ({ holder }) => {
    const command =
      'for i in 1 2 3; do echo "$i $TOKEN"; printf %s "${KEY:0:20}"; printf %s "${KEY:20}" >&1; done; echo end';
    const { id } = await holder.exec(command);
    const whole = '1 ***\n***2 ***\n***3 ***\n***end\n';
    const events = await collect(await replay(id));
    expect(events.stdout.toString()).toBe(whole);
    expect((await output(id, 'stdout')).toString()).toBe(whole);
    const pages = async (since: number) => {
      const { body } = await api<OutputPage>('GET', `/commands/${id}/output?since=${since}`);
      return body.chunks.map(({ data }) => data).join('');
    };
    expect(await pages(0)).toBe(whole);
    for (let seq = 1; seq <= events.lastSeq; seq += 1) {
      const rest = (await collect(await replay(id, seq))).stdout.toString();
      expect(whole.endsWith(rest), rest).toBe(true);
      expect(await pages(seq)).toBe(rest);
    }
  });

  test('raw ones too only where they ask for it', async ({ holder, token }) => {
    const { id } = await holder.exec('echo $TOKEN');
    const raw = async (path: string) => (await request('GET', `/commands/${id}/${path}`)).text();
    for (const path of ['output/stdout?raw=true', 'output?raw=true', 'events?raw=true']) {
      expect(await raw(path), path).toContain(token);
      expect(await raw(path.replace('?raw=true', '')), path).not.toContain(token);
    }
  });

  test('one who follows while a value is being written', async ({ holder, token }) => {
    const command =
      'for ((i = 0; i < ${#TOKEN}; i++)); do printf %s "${TOKEN:i:1}"; read -rt 0.005 _ <> <(:); done; echo; echo end';
    const { stdout, end } = await collect(await stream(holder.id, { command }));
    expect(end).toMatchObject({ type: 'exit', exitCode: 0 });
    expect(stdout.toString()).toMatch(/^.{0,3}\*\*\*\nend\n$|^tok\nend\n$/);
    expect(stdout.toString()).not.toContain(token.slice(0, 5));
  });

  test('a dialect', async ({ holder, token }) => {
    const answer = await request('POST', `/session/${holder.id}/run`, { command: 'echo "[$TOKEN]"' });
    const text = await answer.text();
    expect(text).toContain('"text":"[***]"');
    expect(text).not.toContain(token);
  });

  test('a wait, which finds no value', async ({ holder, token }) => {
    const { body } = await api<ProcessInfo>('POST', '/processes', {
      command: 'echo "at $TOKEN"; sleep 30',
      session: holder.id,
    });
    const wait = (more: object) =>
      api<{ met: boolean; match?: { text: string } }>('POST', `/processes/${body.id}/wait`, {
        for: 'output',
        ...more,
      });
    expect((await wait({ pattern: 'at .*' })).body).toMatchObject({ met: true, match: { text: 'at ***' } });
    expect((await wait({ text: token.slice(0, 8), waitMs: 300 })).body.met).toBe(false);
    await api('DELETE', `/processes/${body.id}`);
  });

  test('a poll, which waits while what there is could still begin a value', async ({ holder, token }) => {
    const command = 'printf %s "${TOKEN:0:10}"; read -r line; printf %s "${TOKEN:10}"; read -r line; echo .';
    const { body } = await api<ProcessInfo>('POST', '/processes', {
      command,
      session: holder.id,
      stdinOpen: true,
    });
    const page = async (since: number) =>
      (await api<OutputPage>('GET', `/processes/${body.id}/output?since=${since}&waitMs=600`)).body;
    await until(async () => (await api<ProcessInfo>('GET', `/processes/${body.id}`)).body.stdoutBytes === 10);
    const before = Date.now();
    expect(await page(0)).toMatchObject({ chunks: [], nextSeq: 0, alive: true });
    expect(Date.now() - before).toBeGreaterThan(400);
    await api('POST', `/processes/${body.id}/stdin`, { data: 'go\n' });
    const told = await until(async () => {
      const { chunks } = await page(0);
      return chunks.length > 0 && chunks.map(({ data }) => data).join('');
    });
    expect(told).toBe('***');
    expect(token).toHaveLength(40);
    await api('DELETE', `/processes/${body.id}`);
  });

  test('who lists ports and terminals, by what runs there', async ({ holder, token }) => {
    const listen = `node -e 'require("net").createServer().listen(0, "127.0.0.1", () => console.log("up"))'`;
    const { body } = await api<ProcessInfo>('POST', '/processes', {
      command: `${listen} "key=$TOKEN"`,
      session: holder.id,
    });
    await api('POST', `/processes/${body.id}/wait`, { for: 'output', text: 'up' });
    const listed = await api<PortList>('GET', '/ports');
    const mine = listed.body.ports.find(({ commandId }) => commandId === body.id);
    expect(mine?.command).toMatch(/key=\*\*\*$/);
    await api('DELETE', `/processes/${body.id}`);
    const made = await api<TerminalInfo>('POST', '/terminals', { session: holder.id, command: `: ${token}` });
    expect(made.body.command).toBe(': ***');
    await api('DELETE', `/terminals/${made.body.id}`);
  });

  test('long output whose head and tail are told', async ({ holder, token }) => {
    const { stdout, truncated } = await holder.exec('for i in {1..400}; do echo "$i $TOKEN"; done', {
      maxOutputBytes: 1000,
    });
    expect(truncated).toBe(true);
    for (let length = 6; length <= token.length; length += 1) {
      expect(stdout).not.toContain(token.slice(0, length));
      expect(stdout).not.toContain(token.slice(-length));
    }
    expect(stdout).toMatch(/^1 \*\*\*\n2 \*\*\*\n/);
    expect(stdout).toMatch(/400 \*\*\*\n$/);
  });
});

test('what is too short to be told from other text is refused, without its value', async ({ session: _ }) => {
  const answer = await api('POST', '/sessions', { secrets: { PIN: '98765' } });
  expect(expectError(answer, 400, 'INVALID_REQUEST')).not.toContain('98765');
});

describe.runIf(target.name === 'engine')('an engine', () => {
  let engine: OwnEngine;
  beforeAll(async () => {
    engine = await OwnEngine.start();
  });
  afterAll(() => engine.stop());

  test('gives secrets of the sandbox to every session from the next command on, and masks former ones', async () => {
    const put = (secrets: object) => engine.call('PUT', '/secrets', { secrets });
    expect((await put({ TOKEN: 'first-value' })).status).toBe(204);
    expect((await engine.exec('default', 'echo ${#TOKEN} $TOKEN; kept=$TOKEN')).stdout).toBe('11 ***\n');
    await put({ TOKEN: 'another-value' });
    expect((await engine.exec('default', 'echo ${#TOKEN} $kept')).stdout).toBe('13 ***\n');
    await put({});
    expect((await engine.exec('default', 'echo "${TOKEN-none}" $kept')).stdout).toBe('none ***\n');
  });

  test('saves no secret with the state of a shell, and a session’s own beside it', async () => {
    const secrets = { OWN: 'kept-with-the-session' };
    await engine.call('POST', '/sessions', { id: 'saved', secrets });
    await engine.exec('saved', 'other=1; echo $OWN');
    const saved: SavedSession = await engine.save('saved');
    expect(saved.secrets).toEqual(secrets);
    const state = Buffer.from(saved.state!, 'base64').toString('latin1');
    expect(state).toContain('other=');
    expect(state).not.toContain(secrets.OWN);
    await engine.call('DELETE', '/sessions/saved');
    await engine.call('PUT', '/sessions/saved/checkpoint', saved);
    expect((await engine.exec('saved', 'echo ${#OWN} $OWN $other')).stdout).toBe('21 *** 1\n');
  });

  test('that died leaves them to the next one, for the engine’s user alone', async () => {
    const mortal = await MortalEngine.start();
    try {
      await mortal.call('PUT', '/secrets', { secrets: { TOKEN: 'outlives-engines' } });
      const { id } = await mortal.exec('default', 'echo $TOKEN');
      const command = 'echo began; read -r line; echo ${#TOKEN} $TOKEN';
      await mortal.begin('default', 'through', command, { stdinOpen: true });
      await until(async () => (await mortal.output('through')) === 'began\n');
      await mortal.killAndRestart();
      await mortal.call('POST', '/commands/through/stdin', { data: 'go\n', eof: true });
      expect(await mortal.ended('through')).toMatchObject({ exitCode: 0 });
      expect(await mortal.output('through')).toBe('began\n16 ***\n');
      expect((await mortal.exec('default', 'echo ${#TOKEN}')).stdout).toBe('16\n');
      const page = await mortal.call<OutputPage>('GET', `/commands/${id}/output`);
      expect(page.body.chunks).toMatchObject([{ data: '***\n' }]);
      // Others cannot get to any file that holds it: the file's own mode, or that of a folder above it.
      const open = await mortal.exec(
        'default',
        `grep -rslF outlives-engines "$HOLD" /dev/shm/holdfast-* | while read -r file; do
           at=$file; while [[ $at != / && $(stat -c %a "$at") != *00 ]]; do at=\${at%/*}; at=\${at:-/}; done
           echo "\${at%/*}" >> "$HOLD/../found"; [[ $at != / ]] || echo "$file"
         done; wc -l < "$HOLD/../found"`,
        { env: { HOLD: mortal.stateFolder } },
      );
      expect(open.stdout).toMatch(/^[1-9]\d*\n$/);
    } finally {
      await mortal.stop();
    }
  });
});
