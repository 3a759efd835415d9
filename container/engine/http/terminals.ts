// Routes of terminals, but for the WebSocket to one.
import { CreateTerminalRequest, OPERATIONS, TerminalId, type TerminalInfo } from '#protocol';
import type { Engine } from '../engine.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { parse, readJson } from './body.ts';
import type { Routes } from './routes.ts';

export function terminalRoutes(app: Routes, engine: Engine): void {
  const { terminals, secrets } = engine;
  const shown = (terminal: Terminal): TerminalInfo => {
    const info = terminal.info();
    return { ...info, command: info.command && secrets.masks.text(info.command) };
  };

  app.post(OPERATIONS.createTerminal.path, async (c) => {
    const request = await readJson(c.env.incoming, CreateTerminalRequest);
    return c.json(shown(await engine.createTerminal(request)), 201);
  });

  app.get(OPERATIONS.listTerminals.path, (c) => c.json({ terminals: terminals.list().map(shown) }));

  app.get(OPERATIONS.getTerminal.path, (c) =>
    c.json(shown(terminals.get(parse(TerminalId, c.param('terminal'))))),
  );

  app.delete(OPERATIONS.deleteTerminal.path, async (c) => {
    await terminals.delete(parse(TerminalId, c.param('terminal')));
    return c.body(null, 204);
  });
}
