// Secrets of a sandbox: sealed in storage, given to its commands, told to nobody.
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import type { CommandInfo, ExecResult, SandboxInfo } from '#protocol';
import { Vault } from '../../worker/sandbox/vault.ts';
import { codeOf, newSandbox } from './harness/api.ts';
import { crash, evict, rows, stubOf, type TestSandbox } from './harness/generations.ts';
import { until } from './harness/until.ts';

const value = () => `tok-${crypto.randomUUID()}`;
const patch = (sandbox: TestSandbox, secrets: object) =>
  sandbox.call('', { method: 'PATCH', body: { secrets } });

/** All that is in storage, as text; blobs by their bytes. */
async function stored(sandbox: TestSandbox): Promise<string> {
  const tables = await rows(sandbox, "SELECT name FROM sqlite_master WHERE type = 'table'");
  const names = tables.map(({ name }) => `${name}`).filter((name) => !/^(_|sqlite_)/.test(name));
  const all = await Promise.all(names.map((name) => rows(sandbox, `SELECT * FROM ${name}`)));
  const text = (one: unknown) => (one instanceof ArrayBuffer ? new TextDecoder().decode(one) : `${one}`);
  const kept = all.flat().flatMap((row) => Object.values(row).map(text));
  // States of shells are base64 in JSON.
  const states = kept.flatMap((one) => /"state":"([A-Za-z0-9+/=]+)"/.exec(one)?.[1] ?? []);
  return [...kept, ...states.map((state) => atob(state))].join('\n');
}

const isSaved = (sandbox: TestSandbox) =>
  until('the state is saved', async () => {
    const [row] = await rows(sandbox, 'SELECT count(*) AS n FROM saved_sessions');
    return Number(row!.n) > 0;
  });

test('commands have them, from the next one on, and only their names are told', async () => {
  const sandbox = newSandbox();
  const [first, second] = [value(), value()];
  const answer = await patch(sandbox, { TOKEN: first, OTHER: second });
  expect(answer.status).toBe(200);
  const told = await answer.json<SandboxInfo>();
  expect(told.secrets).toEqual(['OTHER', 'TOKEN']);
  expect(JSON.stringify(told)).not.toContain('tok-');
  expect((await sandbox.exec('echo ${#TOKEN} $TOKEN')).stdout).toBe(`${first.length} ***\n`);
  await patch(sandbox, { TOKEN: `${first}-longer`, OTHER: null });
  expect((await sandbox.exec('echo ${#TOKEN} ${OTHER-none}')).stdout).toBe(`${first.length + 7} none\n`);
  const made = await sandbox.call('/sessions', { body: { id: 'own', secrets: { OTHER: second } } });
  expect(JSON.stringify(await made.json())).not.toContain(second);
  expect((await sandbox.exec('echo ${#OTHER} $OTHER', {}, 'own')).stdout).toBe(`${second.length} ***\n`);
  expect((await (await sandbox.call('')).json<SandboxInfo>()).secrets).toEqual(['TOKEN']);
});

test('nothing that is kept holds a value: neither history, events, nor states of shells', async () => {
  const sandbox = newSandbox();
  const [token, own] = [value(), value()];
  await patch(sandbox, { TOKEN: token });
  await sandbox.call('/sessions', { body: { id: 'own', secrets: { OWN: own } } });
  await sandbox.exec(`copy=$TOKEN; f() { echo ${token}; }; echo $copy; f`, { id: 'told' });
  await sandbox.exec('copy=$OWN; echo $copy', { id: 'too' }, 'own');
  await isSaved(sandbox);
  await until(
    'the events are kept',
    async () => (await rows(sandbox, 'SELECT * FROM kept_events')).length === 2,
  );
  const all = await stored(sandbox);
  expect(all).toContain('echo $copy');
  expect(all).toContain('sealed:');
  expect(all).not.toContain(token);
  expect(all).not.toContain(own);
});

test('a new container has them all again, with the states that hold copies', async () => {
  const sandbox = newSandbox();
  const [token, own] = [value(), value()];
  await patch(sandbox, { TOKEN: token });
  await sandbox.call('/sessions', { body: { id: 'own', secrets: { OWN: own } } });
  await sandbox.exec('copy=$OWN; echo $copy', {}, 'own');
  await until('the state is saved', async () => {
    const kept = await rows(sandbox, "SELECT checkpoint FROM sessions WHERE id = 'own'");
    return Number(kept[0]?.checkpoint) > 0;
  });
  await crash(sandbox);
  const { stdout } = await sandbox.exec('echo ${#TOKEN} ${#OWN} ${#copy} $TOKEN $OWN', {}, 'own');
  expect(stdout).toBe(`${token.length} ${own.length} ${own.length} *** ***\n`);
  await evict(sandbox);
  expect((await sandbox.exec('echo ${#TOKEN} $TOKEN')).stdout).toBe(`${token.length} ***\n`);
});

test('history, after its container is lost, and repeats are masked as before', async () => {
  const sandbox = newSandbox();
  const token = value();
  await patch(sandbox, { TOKEN: token });
  const first = await sandbox.exec(`echo $TOKEN ${token}`, { id: 'once' });
  expect(first.stdout).toBe('*** ***\n');
  await until(
    'the events are kept',
    async () => (await rows(sandbox, 'SELECT * FROM kept_events')).length === 1,
  );
  await crash(sandbox);
  const { command } = await (await sandbox.call('/commands/once')).json<CommandInfo>();
  expect(command).toBe('echo $TOKEN ***');
  const again = await sandbox.call('/sessions/default/exec', {
    body: { command: `echo $TOKEN ${token}`, id: 'once' },
  });
  expect((await again.json<ExecResult>()).stdout).toBe('*** ***\n');
});

test('raw output takes a token to write', async () => {
  const sandbox = newSandbox();
  const token = value();
  await patch(sandbox, { TOKEN: token });
  await sandbox.exec('echo $TOKEN', { id: 'c' });
  const [reader, writer] = [await sandbox.token('read'), await sandbox.token('write')];
  for (const rest of ['output/stdout', 'output', 'events']) {
    const raw = `/commands/c/${rest}?raw=true`;
    expect(await codeOf(await sandbox.call(raw, { token: reader })), rest).toBe('FORBIDDEN');
    expect(await (await sandbox.call(raw, { token: writer })).text()).toContain(token);
    const shown = await (await sandbox.call(`/commands/c/${rest}`, { token: reader })).text();
    expect(shown).toContain('***');
    expect(shown).not.toContain(token);
  }
});

describe('refused, without a value in the message, is', () => {
  test.for<[string, Record<string, unknown>]>([
    ['a short value', { PIN: '98765' }],
    ['a value with NUL', { TOKEN: 'hunter2\0hunter2' }],
    ['a name that is none', { 'A-B': 'hunter2hunter2' }],
    [
      'more than there may be',
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`S${i}`, `hunter2-${i}`])),
    ],
  ])('%s', async ([, secrets]) => {
    const sandbox = newSandbox();
    const answer = await patch(sandbox, secrets);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toMatch(/hunter2|98765/);
    expect((await sandbox.call('')).status).toBe(404);
  });

  test('who has but a token', async () => {
    const sandbox = newSandbox();
    const token = await sandbox.token('write');
    const body = { secrets: { TOKEN: value() } };
    expect(await codeOf(await sandbox.call('', { method: 'PATCH', body, token }))).toBe('FORBIDDEN');
  });
});

describe('a vault', () => {
  test('opens what it sealed, for the same sandbox, key and purpose alone', async () => {
    const vault = new Vault('key', 'sandbox');
    const sealed = await vault.seal('the value', 'secret A');
    expect(await vault.open(sealed, 'secret A')).toBe('the value');
    expect(await vault.seal('the value', 'secret A')).not.toBe(sealed);
    expect(await vault.open(sealed, 'secret B')).toBeUndefined();
    expect(await new Vault('key', 'another').open(sealed, 'secret A')).toBeUndefined();
    expect(await new Vault('other', 'sandbox').open(sealed, 'secret A')).toBeUndefined();
    await expect(new Vault(undefined, 'sandbox').seal('x', 'y')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });

  test('with another key leaves a sandbox that works, without its secrets', async () => {
    const sandbox = newSandbox();
    await patch(sandbox, { TOKEN: value() });
    const other = await new Vault('another key', 'x').seal('hunter2-of-another', 'secret TOKEN');
    await runInDurableObject(stubOf(sandbox), (_, { storage }) =>
      storage.sql.exec('UPDATE secrets SET sealed = ?', other),
    );
    expect((await sandbox.exec('echo ${TOKEN-none}')).stdout).toBe('none\n');
    expect((await (await sandbox.call('')).json<SandboxInfo>()).secrets).toEqual(['TOKEN']);
  });
});
