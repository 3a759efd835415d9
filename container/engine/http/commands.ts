// Routes of commands: the table, replay, raw output, stdin and signals.
import { CommandId, HoldfastError, OPERATIONS, parseAs, SignalRequest } from '#protocol';
import type { Command } from '../command/command.ts';
import type { Engine } from '../engine.ts';
import { readJson } from './body.ts';
import { direct } from './direct.ts';
import { streamEvents } from './event-stream.ts';
import { isRaw } from './is-raw.ts';
import { sendMaskedOutput } from './masked-output.ts';
import { answerPoll, pollOf } from './output-poll.ts';
import { sendRawOutput } from './raw-output.ts';
import type { Routes } from './routes.ts';
import { knownSignal } from './signal.ts';
import { writeStdin } from './stdin.ts';

export function commandRoutes(app: Routes, engine: Engine): void {
  const { commands, clients } = engine;
  const find = (id: string | undefined): Command => {
    const command = commands.get(parseAs(CommandId, id, 'command'));
    engine.processes.of(command)?.touch();
    return command;
  };

  app.get(OPERATIONS.listCommands.path, (c) =>
    c.json({ commands: commands.list().map((command) => command.info()) }),
  );

  app.get(OPERATIONS.getCommand.path, (c) => c.json(find(c.param('command')).info()));

  app.get(OPERATIONS.commandEvents.path, (c) =>
    direct(c, async (request, response) => {
      const command = find(c.param('command'));
      const after = seqOf(c.query('after') ?? request.headers['last-event-id']);
      clients.attach(command, response);
      const mostLines = c.query('by') === 'line' ? 1 : Infinity;
      await streamEvents(command, after, response, { mostLines, raw: isRaw(c.query('raw')) });
    }),
  );

  app.get(OPERATIONS.commandPage.path, (c) =>
    direct(c, async (_, response) => {
      const command = find(c.param('command'));
      await answerPoll(
        command,
        pollOf((name) => c.query(name)),
        response,
      );
    }),
  );

  app.get(OPERATIONS.commandOutput.path, (c) =>
    direct(c, async (request, response) => {
      const command = find(c.param('command'));
      const stream = c.param('stream');
      if (stream !== 'stdout' && stream !== 'stderr') {
        throw new HoldfastError('NOT_FOUND', 'a command has the streams stdout and stderr');
      }
      const given = isRaw(c.query('raw')) || command.masks.isEmpty;
      if (given) await sendRawOutput(command, stream, request, response);
      else await sendMaskedOutput(command, stream, response);
    }),
  );

  app.post(OPERATIONS.commandStdin.path, async (c) => {
    const command = find(c.param('command'));
    if (command.request.stdinOpen) await command.started;
    await writeStdin(command.stdin, c.env.incoming);
    return c.body(null, 204);
  });

  app.post(OPERATIONS.commandSignal.path, async (c) => {
    const command = find(c.param('command'));
    const { signal } = await readJson(c.env.incoming, SignalRequest);
    const number = knownSignal(signal);
    await engine.processes.of(command)?.signal(number);
    engine.sessionOf(command)?.signal(command, number);
    return c.body(null, 204);
  });
}

/** What is not a number reads as 0: the beginning. */
function seqOf(text: string | string[] | undefined): number {
  const seq = Number(text);
  return Number.isSafeInteger(seq) && seq > 0 ? seq : 0;
}
