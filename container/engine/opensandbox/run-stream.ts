// One run as the dialect streams it: init and pings while it waits and works, its lines, and exactly one
// of execution_complete and error.
import type { ServerResponse } from 'node:http';
import { SSE_CONTENT_TYPE } from '#protocol';
import type { Command } from '../command/command.ts';
import { eachRun, OutputFollower } from '../command/follow.ts';
import { drained } from '../http/drained.ts';
import { LineSplitter } from './lines.ts';
import { encodeMessage, type Message } from './shapes.ts';

const PING_EVERY_MS = 3000;

export async function streamRun(command: Command, response: ServerResponse): Promise<void> {
  const send = (message: Message) => response.write(encodeMessage(message, Date.now()));
  response.writeHead(200, { 'content-type': SSE_CONTENT_TYPE, 'cache-control': 'no-cache' });
  send({ type: 'init', text: command.request.sessionId });
  send({ type: 'ping', text: 'pong' });
  const pings = setInterval(() => send({ type: 'ping', text: 'pong' }), PING_EVERY_MS);
  const splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  try {
    for await (const page of new OutputFollower(command, 0).pages(response)) {
      page((lines) =>
        eachRun(lines, ({ stream, data }) => {
          for (const text of splitters[stream].push(data)) send({ type: stream, text });
        }),
      );
      await drained(response);
    }
    if (response.destroyed) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      for (const text of splitters[stream].end()) send({ type: stream, text });
    }
    send(lastMessage(command));
    response.end();
  } finally {
    clearInterval(pings);
  }
}

function lastMessage(command: Command): Message {
  const { exit } = command;
  if (exit?.exitCode === 0)
    return { type: 'execution_complete', execution_time: Math.round(exit.durationMs) };
  const unknown = !exit || command.ending === 'deleted';
  const evalue = unknown ? '-1' : String(exit.exitCode);
  const ename = exit?.timedOut ? 'CommandTimeoutError' : 'CommandExecError';
  return { type: 'error', error: { ename, evalue, traceback: [`exit status ${evalue}`] } };
}
