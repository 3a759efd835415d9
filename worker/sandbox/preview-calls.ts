// Previews of the sandbox: making, listing and revoking them, and letting those in who have the token of one.
// Whatever is wrong with a preview's URL, the answer is the same.
import {
  HoldfastError,
  LIMITS,
  longestPreviewedName,
  NEVER_USED,
  noPreview,
  type Preview,
  PreviewRequest,
  parsePreviewed,
  portNumber,
  previewLabel,
} from '#protocol';
import { parseBody } from '../http/parse-body.ts';
import { readBody } from '../http/read-body.ts';
import type { Store } from '../store/store.ts';
import type { PortCalls } from './port-calls.ts';
import { hashOfToken, newPreviewToken, sameHash } from './preview-token.ts';
import type { SandboxCall } from './sandbox-call.ts';

export interface PreviewCallsOptions {
  /** The sandbox's name. */
  name: string;
  /** Where previews are unless a call says otherwise. */
  host: string | undefined;
  /** The engine's port, where it is known. */
  ownPort: number | undefined;
  store: Store;
  ports: PortCalls;
  /** Ends the object with all that it stored; does not return. */
  forget(reason: string): Promise<never>;
}

const LOCAL = /(?:^|\.)localhost(?::|$)|^127\./i;

export class PreviewCalls {
  readonly #options: PreviewCallsOptions;

  constructor(options: PreviewCallsOptions) {
    this.#options = options;
  }

  /** The answer, if this is a call about previews, or to what is behind one; undefined sends it on. */
  async answer(call: SandboxCall): Promise<Response | undefined> {
    const { request, rest } = call;
    if (rest.startsWith('/previewed/')) return await this.#previewed(call);
    const { method } = request;
    if (rest === '/previews' && method === 'GET') {
      return Response.json({ previews: this.#options.store.previews.list(new Date()) });
    }
    if (rest === '/previews' && method === 'POST') {
      const preview = await this.#make(parseBody(PreviewRequest, await readBody(request)));
      return Response.json(preview, { status: 201 });
    }
    const [, which] = /^\/previews\/([^/]+)$/.exec(rest) ?? [];
    if (which === undefined || method !== 'DELETE') return undefined;
    const port = portNumber(which);
    const revoked = this.#options.store.previews.remove(port === undefined ? { id: which } : { port });
    if (revoked.length === 0) {
      throw new HoldfastError(
        'NOT_FOUND',
        `There is no preview ${which.slice(0, 64)}; GET /previews lists them.`,
      );
    }
    await this.#options.ports.cut(revoked);
    return new Response(null, { status: 204 });
  }

  async #make(request: PreviewRequest): Promise<Preview> {
    const { name: sandbox, ownPort, store } = this.#options;
    const { port, name, wakes = false, expiresInSeconds, token = newPreviewToken() } = request;
    const host = request.hostname ?? this.#options.host;
    if (port === ownPort) throw new HoldfastError('FORBIDDEN', `Port ${port} is the engine's own.`);
    if (!host) {
      throw new HoldfastError(
        'INVALID_REQUEST',
        'There is no host for previews: set HOLDFAST_PREVIEW_HOST, or give hostname.',
      );
    }
    const label = previewLabel({ port, sandbox, token });
    if (label === undefined) throw tooLong(port, token);
    const tokenHash = await hashOfToken(token);
    const createdAt = new Date();
    const others = store.previews.list(createdAt).length;
    if (others >= LIMITS.previews) {
      throw new HoldfastError(
        'TOO_MANY_PREVIEWS',
        `A sandbox has at most ${LIMITS.previews} previews; revoke one.`,
      );
    }
    const expiresAt =
      expiresInSeconds === undefined ? undefined : new Date(createdAt.getTime() + expiresInSeconds * 1000);
    store.record.touch(createdAt);
    const id = store.previews.put({
      id: crypto.randomUUID(),
      port,
      tokenHash,
      name,
      wakes,
      createdAt,
      expiresAt,
    });
    const url = `${LOCAL.test(host) ? 'http' : 'https'}://${label}.${host.toLowerCase()}/`;
    return {
      id,
      url,
      port,
      ...(name === undefined ? {} : { name }),
      wakes,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
    };
  }

  async #previewed(call: SandboxCall): Promise<Response> {
    const { ports, store, forget } = this.#options;
    // The name was anybody's guess; nothing is to be stored for it.
    if (!store.record.read()) return await forget(NEVER_USED);
    const asked = parsePreviewed(call.rest);
    const hash = await hashOfToken(asked?.token ?? '');
    const found =
      asked &&
      store.previews.of(asked.port, new Date()).filter(({ tokenHash }) => sameHash(hash, tokenHash))[0];
    if (!asked || !found) throw noPreview();
    return await ports.forward(call, {
      path: `/ports/${asked.port}${asked.path}${call.search}`,
      wakes: found.wakes,
      preview: { id: found.id, expiresAt: found.expiresAt },
    });
  }
}

function tooLong(port: number, token: string): HoldfastError {
  const longest = Math.max(0, longestPreviewedName(port, token.length));
  return new HoldfastError(
    'NAME_TOO_LONG',
    `A label of a host name has at most 63 characters: a sandbox with a preview of port ${port} and a token of ` +
      `${token.length} characters has a name of at most ${longest}. Give the sandbox a shorter name, or a token of your own.`,
    { details: { longest } },
  );
}
