// The engine's HTTP API: routes from the operation table to the engine. Answers are written to Node's
// own response, so that bodies are encoded once and go out at the client's pace.
import { ERRORS, HoldfastError, PutSecrets, type Sync, SyncRequest } from '#protocol';
import type { EngineConfig } from '../config.ts';
import type { Engine } from '../engine.ts';
import { openSandboxRoutes } from '../opensandbox/routes.ts';
import { pollingRoutes } from '../polling/routes.ts';
import type { Ports } from '../ports/ports.ts';
import type { PortProxy } from '../ports/proxy.ts';
import { apiRoutes } from './api.ts';
import { readJson } from './body.ts';
import { commandRoutes } from './commands.ts';
import { errorBody, expected } from './errors.ts';
import { fileRoutes } from './files.ts';
import { gitRoutes } from './git.ts';
import { guard } from './guard.ts';
import { portRoutes } from './ports.ts';
import { processRoutes } from './processes.ts';
import { Routes } from './routes.ts';
import { sessionRoutes } from './sessions.ts';
import { terminalRoutes } from './terminals.ts';

export interface AppOptions {
  engine: Engine;
  version: string;
  config: EngineConfig;
  /** What every session inherits. */
  env: Record<string, string>;
  ports: Ports;
  proxy: PortProxy;
}

export function engineApp(options: AppOptions): Routes {
  const { engine, version, config, env, ports, proxy } = options;
  const app = new Routes();
  app.get('/health', (c) => {
    const { generation, uptimeMs } = engine;
    return c.json({ status: 'ok', version, generation, uptimeMs });
  });
  apiRoutes(app);
  const { token, workdir } = config;
  openSandboxRoutes(app, { engine, token, env, workdir });
  app.mount('/api', pollingRoutes(engine, token));
  app.use((c) => guard(c.env.incoming, token));
  app.post('/sync', async (c) => {
    const sync = await engine.sync(await readJson(c.env.incoming, SyncRequest));
    return c.json({ ...sync, openSockets: proxy.openSockets } satisfies Sync);
  });
  app.put('/secrets', async (c) => {
    const { secrets } = await readJson(c.env.incoming, PutSecrets);
    engine.secrets.setSandbox(secrets);
    return c.body(null, 204);
  });
  sessionRoutes(app, engine);
  commandRoutes(app, engine);
  processRoutes(app, engine);
  portRoutes(app, ports, proxy);
  terminalRoutes(app, engine);
  gitRoutes(app, engine);
  fileRoutes(app, engine, config.stateFolder);
  app.notFound(() => {
    throw new HoldfastError('NOT_FOUND', 'there is no such path');
  });
  app.onError((error, c) => {
    const told = expected(error);
    return c.json(errorBody(told, c.env.incoming), ERRORS[told.code].status);
  });
  return app;
}
