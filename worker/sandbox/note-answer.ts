// What an engine's answer changes in storage before it is handed on, and what it means to a call that was sent twice.
import type { SessionInfo } from '#protocol';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import type { Outgoing } from './outgoing.ts';
import type { SandboxSecrets } from './sandbox-secrets.ts';

export interface Circumstances {
  store: Store;
  engine: Engine;
  secrets: SandboxSecrets;
  generation: number;
  /** An earlier try may have been carried out. */
  again: boolean;
  /** The session that the call names was there before the first try. */
  existed: boolean;
  /** The id was free before this call, so a refusal frees it. */
  freesId: boolean;
}

/** Refusals of a start before anything ran; the same id may be tried again. */
const REFUSED = [400, 404, 413, 429];

export async function noteAnswer(out: Outgoing, answer: Response, now: Circumstances): Promise<Response> {
  const { store, generation, again, freesId } = now;
  if (out.start?.given) {
    const { id, fingerprint } = out.start;
    if (freesId && REFUSED.includes(answer.status)) store.ids.release(id, generation);
    // Another call with this id was refused meanwhile and freed it.
    else if (answer.ok && !store.ids.get(id)) store.ids.take(id, { generation, fingerprint });
  }
  if (out.method === 'DELETE' && again && answer.status === 404) return new Response(null, { status: 204 });
  if (out.method !== 'POST' || (out.path !== '/sessions' && out.path !== '/session')) return answer;
  return await noteSession(out, answer, now);
}

/** A session that was made is in storage before its maker is told. */
async function noteSession(
  { session: id, newEnv = {}, newSecrets, path }: Outgoing,
  answer: Response,
  { store, engine, secrets, generation, again, existed }: Circumstances,
): Promise<Response> {
  const madeBefore = answer.status === 409 && again && id !== undefined && !existed;
  const made = madeBefore ? await engine.ask(`/sessions/${id}`) : answer;
  if (!made.ok) return answer;
  const body = await made.json<SessionInfo | { session_id: string }>();
  const info = 'id' in body ? body : await infoOf(body.session_id, engine);
  if (info) {
    const own = newSecrets ? { secrets: newSecrets } : {};
    const saved = await secrets.sealed({ ...savedOf(info, newEnv), ...own });
    if (engine.generation === generation) store.addSession(saved, generation);
  }
  return Response.json(body, {
    status: path === '/sessions' ? 201 : 200,
    headers: withoutLength(made.headers),
  });
}

async function infoOf(id: string, engine: Engine): Promise<SessionInfo | undefined> {
  const answer = await engine.ask(`/sessions/${id}`);
  return answer.ok ? await answer.json<SessionInfo>() : undefined;
}

function savedOf({ id, cwd, createdAt, lastUsedAt }: SessionInfo, env: Record<string, string>) {
  return { id, version: 0, cwd, env, createdAt, lastUsedAt, lastStatus: 0, state: null };
}

function withoutLength(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete('content-length');
  return copy;
}
