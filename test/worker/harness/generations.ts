// What tests of losses share: a sandbox's Durable Object, its storage, and the end of its container.
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { SandboxInfo, SessionInfo } from '#protocol';
import type { newSandbox } from './api.ts';
import { until } from './until.ts';

export type TestSandbox = ReturnType<typeof newSandbox>;

export const stubOf = (sandbox: TestSandbox) => env.SANDBOX.getByName(sandbox.name);

export const info = async (sandbox: TestSandbox) => (await sandbox.call('')).json<SandboxInfo>();

export const sessions = async (sandbox: TestSandbox) =>
  (await (await sandbox.call('/sessions')).json<{ sessions: SessionInfo[] }>()).sessions;

/** Ends the container as a crash would, behind the Durable Object's back, and waits until that is noticed. */
export async function crash(sandbox: TestSandbox): Promise<void> {
  await runInDurableObject(stubOf(sandbox), (_, ctx) => ctx.container!.signal(9));
  await until('the container is gone', async () => (await info(sandbox)).state === 'stopped');
}

/** Rows of a query in the Durable Object's storage. */
export const rows = (sandbox: TestSandbox, query: string, ...values: string[]) =>
  runInDurableObject(stubOf(sandbox), (_, { storage }) => storage.sql.exec(query, ...values).toArray());

/** Waits until what the command changed in its session is saved: it comes a moment after its answer. */
export const saved = (sandbox: TestSandbox, session: string, text: string) =>
  until(`the state of ${session} is saved`, async () => {
    const parts = await rows(
      sandbox,
      'SELECT bytes FROM saved_sessions WHERE session_id = ? ORDER BY part',
      session,
    );
    const whole = parts.map(({ bytes }) => new TextDecoder().decode(bytes as ArrayBuffer)).join('');
    if (!whole) return false;
    const { state } = JSON.parse(whole) as { state: string | null };
    return state !== null && atob(state).includes(text);
  });

/** Leaves memory, as at an eviction or a deployment. */
export async function evict(sandbox: TestSandbox): Promise<void> {
  const gone = runInDurableObject(stubOf(sandbox), (_, ctx) => ctx.abort('evicted'));
  await gone.catch((error: Error) => {
    if (error.message !== 'evicted') throw error;
  });
}
