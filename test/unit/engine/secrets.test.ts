// Which values are looked for in the output of which command.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Secrets } from '../../../container/engine/secrets/secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EARLIER = new Date(0);
const LATER = new Date(8.64e15);

test('what a deleted session had is looked for in commands from before alone, also by the next engine', () => {
  const secrets = new Secrets(folder);
  secrets.setSession('__proto__', { PIN: 'of-a-session' });
  expect(secrets.masksFor(LATER).text('of-a-session')).toBe('***');
  secrets.setSession('__proto__', undefined);
  for (const known of [secrets, new Secrets(folder)]) {
    expect(known.masksFor(EARLIER).text('of-a-session')).toBe('***');
    expect(known.masksFor(LATER).isEmpty).toBe(true);
  }
});

test('what the sandbox had is looked for in all of them, since variables may hold copies', () => {
  const secrets = new Secrets(folder);
  secrets.setSandbox({ KEY: 'of-the-sandbox' });
  secrets.setSandbox({});
  expect(secrets.masksFor(LATER).text('of-the-sandbox')).toBe('***');
});
