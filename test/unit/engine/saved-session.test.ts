import { expect, test } from 'vitest';
import { LIMITS, SavedSession } from '#protocol';
import { loadSession, savedSession } from '../../../container/engine/session/saved-session.ts';
import type { Checkpoint } from '../../../container/engine/shell/checkpoint.ts';

const fields = {
  id: 's',
  version: 4,
  cwd: '/',
  env: { A: 'b' },
  createdAt: new Date(0).toISOString(),
  lastUsedAt: new Date(1).toISOString(),
  lastStatus: 3,
};

function state(variables: string): Checkpoint {
  const empty = { traps: '', functions: '', aliases: '', builtins: '', completions: '', umask: '' };
  return { ...empty, variables, version: 4, background: '', writtenAt: 0, truncated: false };
}

test('a saved session is what the wire says, and is loaded as it was', () => {
  const checkpoint = state('declare -- x="1"\n');
  const { saved, truncated } = savedSession(fields, checkpoint);
  expect(SavedSession.parse(saved)).toEqual(saved);
  expect(truncated).toBe(false);
  expect(loadSession(saved)).toMatchObject({ cwd: '/', env: { A: 'b' }, lastStatus: 3, state: checkpoint });
});

test('neither state nor env make it larger than a checkpoint may be', () => {
  const env = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`E${n}`, '"'.repeat(50_000 + n)]));
  const variables = Array.from({ length: 30 }, (_, n) => `declare -- v${n}="${'x'.repeat(50_000)}"\n`);
  const { saved, truncated } = savedSession(
    { ...fields, env: { ...env, A: 'b' } },
    state(variables.join('')),
  );
  expect(truncated).toBe(true);
  expect(Buffer.byteLength(JSON.stringify(saved))).toBeLessThanOrEqual(LIMITS.checkpointBytes);
  expect(saved.env).toHaveProperty('A', 'b');
  expect(loadSession(saved).state).toMatchObject({ truncated: true });
});
