// Routes about ports; what is for the servers behind them never gets as far as this.
import { OPERATIONS, RevokedPreviews } from '#protocol';
import type { Ports } from '../ports/ports.ts';
import type { PortProxy } from '../ports/proxy.ts';
import { readJson } from './body.ts';
import type { Routes } from './routes.ts';

export function portRoutes(app: Routes, ports: Ports, proxy: PortProxy): void {
  app.get(OPERATIONS.listPorts.path, (c) => c.json({ ports: ports.list(c.env.incoming.socket.localPort!) }));

  // Between engine and Durable Object: the Worker lets nobody else through to this.
  app.post('/revoked', async (c) => {
    const { ids } = await readJson(c.env.incoming, RevokedPreviews);
    proxy.previews.cut(ids);
    return c.body(null, 204);
  });
}
