// Routes of terminals, but for the WebSocket to one.
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { CreateTerminalRequest, OPERATIONS, TerminalId, type TerminalInfo } from '#protocol';
import type { Engine } from '../engine.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { parse, readJson } from './body.ts';

export function terminalRoutes(app: Hono<{ Bindings: HttpBindings }>, engine: Engine): void {
  const { terminals, secrets } = engine;
  const shown = (terminal: Terminal): TerminalInfo => {
    const info = terminal.info();
    return { ...info, command: info.command && secrets.masks.text(info.command) };
  };

  app.post(OPERATIONS.createTerminal.path, async (c) => {
    const request = await readJson(c.env.incoming as IncomingMessage, CreateTerminalRequest);
    return c.json(shown(await engine.createTerminal(request)), 201);
  });

  app.get(OPERATIONS.listTerminals.path, (c) => c.json({ terminals: terminals.list().map(shown) }));

  app.get(OPERATIONS.getTerminal.path, (c) =>
    c.json(shown(terminals.get(parse(TerminalId, c.req.param('terminal'))))),
  );

  app.delete(OPERATIONS.deleteTerminal.path, async (c) => {
    await terminals.delete(parse(TerminalId, c.req.param('terminal')));
    return c.body(null, 204);
  });
}
