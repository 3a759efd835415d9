// Routes of terminals, but for the WebSocket to one.
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { CreateTerminalRequest, OPERATIONS, TerminalId } from '#protocol';
import type { Engine } from '../engine.ts';
import { parse, readJson } from './body.ts';

export function terminalRoutes(app: Hono<{ Bindings: HttpBindings }>, engine: Engine): void {
  const { terminals } = engine;

  app.post(OPERATIONS.createTerminal.path, async (c) => {
    const request = await readJson(c.env.incoming as IncomingMessage, CreateTerminalRequest);
    return c.json((await engine.createTerminal(request)).info(), 201);
  });

  app.get(OPERATIONS.listTerminals.path, (c) =>
    c.json({ terminals: terminals.list().map((terminal) => terminal.info()) }),
  );

  app.get(OPERATIONS.getTerminal.path, (c) =>
    c.json(terminals.get(parse(TerminalId, c.req.param('terminal'))).info()),
  );

  app.delete(OPERATIONS.deleteTerminal.path, async (c) => {
    await terminals.delete(parse(TerminalId, c.req.param('terminal')));
    return c.body(null, 204);
  });
}
