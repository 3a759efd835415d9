// Routes of processes: the table, output, stdin, signals and ends.
import {
  CommandId,
  LIMITS,
  OPERATIONS,
  parseAs,
  SignalRequest,
  StartProcessRequest,
  TerminateRequest,
  WaitRequest,
} from '#protocol';
import type { Engine } from '../engine.ts';
import type { ProcessRun } from '../process/process-run.ts';
import { readJson, readStart } from './body.ts';
import { direct } from './direct.ts';
import { answerPoll, pollOf } from './output-poll.ts';
import type { Routes } from './routes.ts';
import { knownSignal } from './signal.ts';
import { writeStdin } from './stdin.ts';
import { answerWait } from './wait.ts';

export function processRoutes(app: Routes, engine: Engine): void {
  const { processes } = engine;
  const find = (id: string | undefined): ProcessRun => processes.get(parseAs(CommandId, id, 'command'));

  app.post(OPERATIONS.startProcess.path, async (c) => {
    const request = await readStart(c.env.incoming, StartProcessRequest);
    return c.json((await engine.startProcess(request)).info(), 201);
  });

  app.get(OPERATIONS.listProcesses.path, (c) =>
    c.json({ processes: processes.list().map((run) => run.info()) }),
  );

  app.get(OPERATIONS.getProcess.path, (c) => c.json(find(c.param('process')).info()));

  app.delete(OPERATIONS.deleteProcess.path, async (c) => {
    await processes.delete(parseAs(CommandId, c.param('process'), 'process'));
    return c.body(null, 204);
  });

  app.get(OPERATIONS.processOutput.path, (c) =>
    direct(c, async (_, response) => {
      const run = find(c.param('process'));
      await answerPoll(
        run.command,
        pollOf((name) => c.query(name)),
        response,
      );
      run.touch();
    }),
  );

  app.post(OPERATIONS.waitForProcess.path, (c) =>
    direct(c, async (request, response) => {
      const run = find(c.param('process'));
      await answerWait(run, await readJson(request, WaitRequest), request, response);
      run.touch();
    }),
  );

  app.post(OPERATIONS.processStdin.path, async (c) => {
    await writeStdin(find(c.param('process')).command.stdin, c.env.incoming);
    return c.body(null, 204);
  });

  app.post(OPERATIONS.processSignal.path, async (c) => {
    const run = find(c.param('process'));
    const { signal } = await readJson(c.env.incoming, SignalRequest);
    await run.signal(knownSignal(signal));
    return c.body(null, 204);
  });

  app.post(OPERATIONS.terminateProcess.path, async (c) => {
    const run = find(c.param('process'));
    const { graceMs } = await readJson(c.env.incoming, TerminateRequest);
    await run.terminate(graceMs ?? LIMITS.terminateGraceMs);
    return c.json(run.info());
  });
}
