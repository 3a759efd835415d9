// Brings sessions of earlier generations back into the running engine, each before the first request that needs it.
// One at a time for each session: who needs it meanwhile waits for the same one, and so does who deletes it.
import { errorCode, HoldfastError, type SavedSession } from '#protocol';
import type { KeptSession } from '../store/session-rows.ts';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import type { SandboxSecrets } from './sandbox-secrets.ts';

/** It is there, there is no room, the engine drains: nothing that the state could be to blame for. */
const FOR_OTHER_REASONS = [409, 429, 503, 507];

export class SessionRestore {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #secrets: SandboxSecrets;
  readonly #restoring = new Map<string, Promise<void>>();

  constructor(engine: Engine, store: Store, secrets: SandboxSecrets) {
    this.#engine = engine;
    this.#store = store;
    this.#secrets = secrets;
  }

  /**
   * Returns when the running engine has the session, if there is one to bring back. The engine must be ready.
   *
   * @throws what the engine refuses it with, as TOO_MANY_SESSIONS; what `fetch` throws when it is gone.
   */
  async ensure(id: string): Promise<void> {
    // Nothing is waited for between the look and the note: two callers must not both begin.
    const underWay = this.#restoring.get(id);
    if (underWay) return await underWay;
    const session = this.#store.sessions.get(id);
    const { generation } = this.#engine;
    if (!session || session.generation >= generation) return;
    const restoring = this.#restore(session, generation).finally(() => this.#restoring.delete(id));
    this.#restoring.set(id, restoring);
    await restoring;
  }

  /** Returns when no restore of the session is under way; whether one succeeded is another's to know. */
  async settled(id: string): Promise<void> {
    await this.#restoring.get(id)?.catch(() => {});
  }

  async #restore(session: KeptSession, generation: number): Promise<void> {
    const saved = await this.#secrets.opened(this.#store.savedSession(session));
    const answer = await this.#put(saved);
    if (answer.ok || saved.state === null || FOR_OTHER_REASONS.includes(answer.status)) await made(answer);
    else {
      // Without its state rather than not at all.
      console.error(`the engine answered ${answer.status} to the state of session ${saved.id}`);
      await answer.body?.cancel();
      await made(await this.#put({ ...saved, state: null }));
    }
    this.#store.sessions.revived(session.id, generation);
  }

  #put(saved: SavedSession): Promise<Response> {
    return this.#engine.ask(`/sessions/${encodeURIComponent(saved.id)}/checkpoint`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(saved),
    });
  }
}

/** Also where the engine has it already: an object that left memory made it and could not say so. */
async function made(answer: Response): Promise<void> {
  if (answer.ok) {
    await answer.body?.cancel();
    return;
  }
  const { error } = await answer.json<{ error: { code: string; message: string } }>();
  const code = errorCode(error);
  if (code === 'SESSION_EXISTS') return;
  throw new HoldfastError(code ?? 'INTERNAL', `The session could not be brought back: ${error.message}`);
}
