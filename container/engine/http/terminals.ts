// Routes of terminals, but for the WebSocket to one.
import { CreateTerminalRequest, OPERATIONS, parseAs, TerminalId, type TerminalInfo } from '#protocol';
import type { Engine } from '../engine.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readJson } from './body.ts';
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
    c.json(shown(terminals.get(parseAs(TerminalId, c.param('terminal'), 'terminal')))),
  );

  app.delete(OPERATIONS.deleteTerminal.path, async (c) => {
    await terminals.delete(parseAs(TerminalId, c.param('terminal'), 'terminal'));
    return c.body(null, 204);
  });
}
