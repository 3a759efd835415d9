// The secrets of a sandbox: sealed in storage, opened for its engine alone. Where there are any, what is saved of
// sessions is sealed too, since their variables may hold copies.
import { HoldfastError, LIMITS, type PatchSandboxRequest, type SavedSession } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import type { Vault } from './vault.ts';

/** No base64 begins so: what is saved of a session, sealed in place of its state. */
const SEALED = 'sealed:';

export class SandboxSecrets {
  readonly #store: Store;
  readonly #vault: Vault;

  constructor(store: Store, vault: Vault) {
    this.#store = store;
    this.#vault = vault;
  }

  /** Changes what the patch names. Throws INVALID_REQUEST, and changes nothing, for too many or without a key. */
  async change(patch: NonNullable<PatchSandboxRequest['secrets']>): Promise<void> {
    const { secrets } = this.#store;
    const sealed = await Promise.all(
      Object.entries(patch).map(async ([name, value]) => ({
        name,
        sealed: value === null ? undefined : await this.#vault.seal(value, `secret ${name}`),
      })),
    );
    const names = new Set(secrets.names());
    for (const one of sealed) {
      if (one.sealed === undefined) names.delete(one.name);
      else names.add(one.name);
    }
    if (names.size > LIMITS.secrets) {
      throw new HoldfastError('INVALID_REQUEST', `secrets: a sandbox has at most ${LIMITS.secrets}.`);
    }
    for (const one of sealed) {
      if (one.sealed === undefined) secrets.remove(one.name);
      else secrets.put(one.name, one.sealed);
    }
  }

  /** Tells a running engine of them; `always` also where there are none. */
  async give(engine: Engine, always = false): Promise<void> {
    const kept = this.#store.secrets.all();
    if (kept.length === 0 && !always) return;
    const opened = await Promise.all(
      kept.map(async ({ name, sealed }) => [name, await this.#vault.open(sealed, `secret ${name}`)] as const),
    );
    const secrets = Object.fromEntries(opened.filter(([, value]) => value !== undefined));
    const answer = await engine.ask('/secrets', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secrets }),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the engine answered ${answer.status} to the secrets`);
  }

  /** What may be stored of a session. */
  async sealed(saved: SavedSession): Promise<SavedSession> {
    const { secrets, state, ...rest } = saved;
    if (!secrets && (state === null || this.#store.secrets.names().length === 0)) return saved;
    const text = JSON.stringify({ state, ...(secrets ? { secrets } : {}) });
    return { ...rest, state: SEALED + (await this.#vault.seal(text, `session ${saved.id}`)) };
  }

  /** What was stored, as an engine takes it; without what cannot be opened any more. */
  async opened(saved: SavedSession): Promise<SavedSession> {
    if (!saved.state?.startsWith(SEALED)) return saved;
    const text = await this.#vault.open(saved.state.slice(SEALED.length), `session ${saved.id}`);
    if (text === undefined) return { ...saved, state: null };
    return { ...saved, ...(JSON.parse(text) as Pick<SavedSession, 'state' | 'secrets'>) };
  }
}
