// Routes of sessions and of the exec in them.
import {
  CreateSessionRequest,
  ExecRequest,
  HoldfastError,
  OPERATIONS,
  parseAs,
  SavedSession,
  SessionId,
  SSE_CONTENT_TYPE,
} from '#protocol';
import type { Engine } from '../engine.ts';
import { readJson, readStart } from './body.ts';
import { direct } from './direct.ts';
import { streamEvents } from './event-stream.ts';
import { answerExec } from './exec.ts';
import type { Routes } from './routes.ts';

export function sessionRoutes(app: Routes, engine: Engine): void {
  const { sessions, clients } = engine;

  app.get(OPERATIONS.listSessions.path, (c) =>
    c.json({ sessions: sessions.list().map((session) => session.info()) }),
  );

  app.post(OPERATIONS.createSession.path, async (c) => {
    const request = await readJson(c.env.incoming, CreateSessionRequest);
    return c.json(engine.createSession(request).info(), 201);
  });

  app.get(OPERATIONS.getSession.path, (c) =>
    c.json(sessions.get(parseAs(SessionId, c.param('session'), 'session')).info()),
  );

  app.delete(OPERATIONS.deleteSession.path, async (c) => {
    await engine.deleteSession(parseAs(SessionId, c.param('session'), 'session'));
    return c.body(null, 204);
  });

  // Between engine and Durable Object: the Worker lets nobody else through to these.
  app.get('/sessions/:session/checkpoint', async (c) => {
    const session = sessions.get(parseAs(SessionId, c.param('session'), 'session'));
    await session.settled();
    return c.json(engine.saveSession(session));
  });

  app.put('/sessions/:session/checkpoint', async (c) => {
    const saved = await readJson(c.env.incoming, SavedSession);
    if (saved.id !== c.param('session')) {
      throw new HoldfastError('INVALID_REQUEST', 'id: the path names another session');
    }
    return c.json((await engine.loadSession(saved)).info(), 201);
  });

  app.post(OPERATIONS.interrupt.path, (c) => {
    const commandId = sessions.get(parseAs(SessionId, c.param('session'), 'session')).interrupt();
    return c.json({ commandId });
  });

  app.post(OPERATIONS.exec.path, (c) =>
    direct(c, async (request, response) => {
      const session = parseAs(SessionId, c.param('session'), 'session');
      const wanted = await readStart(request, ExecRequest);
      const wantsStream = request.headers.accept?.includes(SSE_CONTENT_TYPE) ?? false;
      if (wantsStream && (wanted.yieldMs !== undefined || wanted.maxOutputBytes !== undefined)) {
        throw new HoldfastError(
          'INVALID_REQUEST',
          'yieldMs and maxOutputBytes are for answers in JSON; a stream has no end to wait for',
        );
      }
      const command = engine.exec(session, wanted);
      clients.attach(command, response);
      // An error found before anything ran has its own status, also for a stream.
      if (wantsStream && !(command.error && !command.startedAt)) await streamEvents(command, 0, response);
      else {
        const { yieldMs, maxOutputBytes } = wanted;
        const onYield = () => clients.release(command);
        await answerExec(command, { yieldMs, maxOutputBytes, onYield }, request, response);
      }
    }),
  );
}
