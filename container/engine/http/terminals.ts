import { CreateTerminalRequest, OPERATIONS, TerminalId } from '#protocol';
import type { Engine } from '../engine.ts';
import { parse, readJson } from './body.ts';
import type { Routes } from './routes.ts';

export function terminalRoutes(app: Routes, engine: Engine): void {
  const { terminals } = engine;

  app.post(OPERATIONS.createTerminal.path, async (c) => {
    const request = await readJson(c.env.incoming, CreateTerminalRequest);
    return c.json((await engine.createTerminal(request)).info(), 201);
  });

  app.get(OPERATIONS.listTerminals.path, (c) =>
    c.json({ terminals: terminals.list().map((terminal) => terminal.info()) }),
  );

  app.get(OPERATIONS.getTerminal.path, (c) =>
    c.json(terminals.get(parse(TerminalId, c.param('terminal'))).info()),
  );

  app.delete(OPERATIONS.deleteTerminal.path, async (c) => {
    await terminals.delete(parse(TerminalId, c.param('terminal')));
    return c.body(null, 204);
  });
}
