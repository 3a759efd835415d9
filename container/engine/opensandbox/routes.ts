// OpenSandbox's execd sessions, translated onto the engine's own: they are ordinary sessions and show
// among the others.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type ErrorCode, errorCode, HoldfastError, parseAs, SessionId } from '#protocol';
import type { Engine } from '../engine.ts';
import { parseJson, readText } from '../http/body.ts';
import { guard } from '../http/guard.ts';
import type { Answer, EngineContext, Reply, Routes } from '../http/routes.ts';
import { existingDirectory } from '../session/directory.ts';
import { expandPath } from './place.ts';
import { streamRun } from './run-stream.ts';
import { CreateSession, RunInSession } from './shapes.ts';

export interface DialectOptions {
  engine: Engine;
  token: string | undefined;
  env: Record<string, string>;
  workdir: string;
}

export function openSandboxRoutes(app: Routes, { engine, token, env, workdir }: DialectOptions): void {
  const { sessions, clients } = engine;
  const answer = async (c: EngineContext, act: () => Promise<Answer> | Answer): Promise<Answer> => {
    try {
      guard(c.env.incoming, token);
      return await act();
    } catch (error) {
      return dialectError(c, error);
    }
  };

  app.get('/ping', (c) => answer(c, () => c.body(null, 200)));

  app.post('/session', (c) =>
    answer(c, async () => {
      const { cwd } = parseAs(CreateSession, parseJson(await readText(c.env.incoming)));
      const place = cwd == null ? undefined : expandPath(cwd, workdir, env);
      if (place !== undefined) makeDirectory(place);
      const id = randomUUID();
      sessions.create({ id, cwd: place });
      return c.json({ session_id: id });
    }),
  );

  app.post('/session/:session/run', (c) =>
    answer(c, async () => {
      const { incoming, outgoing } = c.env;
      const session = sessions.get(sessionId(c));
      const { text, cwd, timeoutMs } = parseAs(RunInSession, parseJson(await readText(incoming)));
      const { cwd: current } = session.info();
      const command = engine.start({
        sessionId: session.id,
        mode: 'foreground',
        text: text!,
        cwd: cwd === undefined ? undefined : existingDirectory(expandPath(cwd, current, env), current),
        cwdStays: true,
        env: undefined,
        stdin: undefined,
        stdinOpen: false,
        timeoutMs,
        disconnectGraceMs: 0,
      });
      clients.attach(command, outgoing);
      await streamRun(command, outgoing);
      return undefined;
    }),
  );

  app.delete('/session/:session', (c) =>
    answer(c, async () => {
      await engine.deleteSession(sessionId(c));
      return c.body(null, 200, { 'content-length': '0' });
    }),
  );
}

/** A name that could be no session's is simply unknown here. */
function sessionId(c: EngineContext): string {
  const parsed = SessionId.safeParse(c.param('session'));
  if (!parsed.success) throw new HoldfastError('SESSION_NOT_FOUND', 'there is no such session');
  return parsed.data;
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch {
    throw new HoldfastError('INVALID_REQUEST', 'the working directory cannot be made');
  }
}

const CODES: Partial<Record<ErrorCode, string>> = {
  SESSION_NOT_FOUND: 'CONTEXT_NOT_FOUND',
  INVALID_REQUEST: 'INVALID_REQUEST_BODY',
  CWD_NOT_FOUND: 'INVALID_REQUEST_BODY',
  PAYLOAD_TOO_LARGE: 'INVALID_REQUEST_BODY',
  QUEUE_FULL: 'QUEUE_FULL',
  TOO_MANY_SESSIONS: 'TOO_MANY_SESSIONS',
};

function dialectError(c: EngineContext, error: unknown): Reply {
  const code = errorCode(error);
  if (code === undefined) {
    console.error(error);
    return c.json({ code: 'RUNTIME_ERROR', message: 'something went wrong in the engine' }, 500);
  }
  const { message, status } = error as HoldfastError;
  if (status === 401 || status === 403) return c.json({ error: `Unauthorized: ${message}` }, 401);
  const shown = CODES[code] ?? 'RUNTIME_ERROR';
  return c.json({ code: shown, message }, shown === 'RUNTIME_ERROR' ? 500 : (status as 400));
}
