// Routes about ports; what is for the servers behind them never gets as far as this.
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { OPERATIONS, RevokedPreviews } from '#protocol';
import type { Ports } from '../ports/ports.ts';
import type { PortProxy } from '../ports/proxy.ts';
import { readJson } from './body.ts';

export function portRoutes(app: Hono<{ Bindings: HttpBindings }>, ports: Ports, proxy: PortProxy): void {
  app.get(OPERATIONS.listPorts.path, (c) =>
    c.json({ ports: ports.list((c.env.incoming as IncomingMessage).socket.localPort!) }),
  );

  // Between engine and Durable Object: the Worker lets nobody else through to this.
  app.post('/revoked', async (c) => {
    const { ids } = await readJson(c.env.incoming as IncomingMessage, RevokedPreviews);
    proxy.previews.cut(ids);
    return c.body(null, 204);
  });
}
