// The polling dialect, translated onto the process table: a `session_id` is the id of a process, which shows
// among the others under /processes.
import { CommandId, HoldfastError, LIMITS, parseAs, pollingErrorBody } from '#protocol';
import { readPage } from '../command/page.ts';
import type { Engine } from '../engine.ts';
import { readJson } from '../http/body.ts';
import { expected } from '../http/errors.ts';
import { guard } from '../http/guard.ts';
import { pollOf } from '../http/output-poll.ts';
import { type EngineContext, type Reply, Routes } from '../http/routes.ts';
import type { ProcessRun } from '../process/process-run.ts';
import {
  ENVS,
  ExecCommandArguments,
  fromBase64,
  NoOptions,
  outputAnswer,
  StdinBody,
  ToolCall,
  toolResult,
} from './shapes.ts';

/** Data bytes of a page: clients of the dialect cannot ask for less, and mostly expect all there is. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** To be mounted at `/api`: all that is asked below it is answered in the dialect's shapes. */
export function pollingRoutes(engine: Engine, token: string | undefined): Routes {
  const routes = new Routes();
  const find = (c: EngineContext): ProcessRun => {
    const id = CommandId.safeParse(c.param('process'));
    // A name that could be no process's is simply unknown here.
    if (!id.success) throw new HoldfastError('PROCESS_NOT_FOUND', 'there is no such session');
    return engine.processes.get(id.data);
  };

  routes.use((c) => guard(incoming(c), token));

  for (const base of ['/sdk', '/connectors']) {
    routes.post(`${base}/envs/list`, async (c) => {
      await readJson(incoming(c), NoOptions);
      return c.json({ envs: ENVS });
    });

    // A sandbox is one environment, whatever name its clients know it by.
    routes.post(`${base}/envs/:env/tool/call`, async (c) => {
      const call = await readJson(incoming(c), ToolCall);
      if (call.tool !== 'exec_command') {
        return refuse(c, 'unknown_tool', 'the only tool here is exec_command');
      }
      const { command } = parseAs(ExecCommandArguments, call.arguments, 'the arguments');
      const run = await engine.startProcess({ command, stdinOpen: true });
      return c.json(toolResult({ session_id: run.command.id }));
    });

    routes.get(`${base}/processes/:process/output`, (c) => {
      const { command } = find(c);
      const { since } = pollOf((name) => c.query(name));
      const page = readPage(command, { since, maxBytes: PAGE_BYTES });
      return c.json(outputAnswer(page, page.nextSeq < command.log.seq));
    });

    routes.post(`${base}/processes/:process/stdin`, async (c) => {
      const run = find(c);
      const { data_b64 } = await readJson(incoming(c), StdinBody);
      const data = fromBase64(data_b64);
      if (!data) return refuse(c, 'bad_base64', 'data_b64 is not base64 with its padding');
      await run.command.stdin.write(data);
      return c.json({ ok: true });
    });

    routes.post(`${base}/processes/:process/terminate`, async (c) => {
      const run = find(c);
      await readJson(incoming(c), NoOptions);
      await run.terminate(LIMITS.terminateGraceMs);
      return c.json({ ok: true });
    });
  }

  routes.notFound(() => {
    throw new HoldfastError('NOT_FOUND', 'there is no such path');
  });

  routes.onError((error, c) => {
    const told = expected(error);
    const body = pollingErrorBody(told, c.env.incoming.headers.authorization);
    return c.json(body, told.status);
  });
  return routes;
}

const incoming = (c: EngineContext) => c.env.incoming;

/** What only this dialect knows as an error. */
function refuse(c: EngineContext, code: 'unknown_tool' | 'bad_base64', message: string): Reply {
  return c.json({ error: { code, message } }, 400);
}
