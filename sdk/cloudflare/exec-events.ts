// The events of commands and processes under the names of `@cloudflare/sandbox`.
import type { CommandEvent } from '../protocol/index.ts';
import { eventBytes } from '../stream/event-bytes.ts';
import { type ExecResult, execResult } from './exec-options.ts';

export interface ExecEvent {
  type: 'start' | 'stdout' | 'stderr' | 'complete' | 'error';
  /** ISO 8601. */
  timestamp: string;
  /** Output as text. */
  data?: string;
  /** Beside `data` where the bytes are not UTF-8. */
  dataBase64?: string;
  command?: string;
  exitCode?: number;
  /** How it ended; the output is in the events before. */
  result?: Omit<ExecResult, 'stdout' | 'stderr' | 'truncated'>;
  error?: string;
  sessionId?: string;
}

export interface LogEvent {
  type: 'stdout' | 'stderr' | 'exit' | 'error';
  timestamp: string;
  data: string;
  dataBase64?: string;
  processId: string;
  sessionId?: string;
  exitCode?: number;
}

const now = () => new Date().toISOString();

/** `start`, the output, and at last `complete` or `error`. */
export async function* execEvents(
  command: string,
  events: AsyncIterable<CommandEvent>,
): AsyncGenerator<ExecEvent, void, undefined> {
  let about = { id: '', sessionId: '', command, startedAt: now() };
  for await (const event of events) {
    const { sessionId } = about;
    if (event.type === 'start') {
      about = { ...about, id: event.commandId, sessionId: event.sessionId, startedAt: event.startedAt };
      yield { type: 'start', timestamp: event.startedAt, command, sessionId: event.sessionId };
    } else if (event.type === 'exit') {
      const { type: _, ...exit } = event;
      const {
        stdout: __,
        stderr: ___,
        truncated: ____,
        ...result
      } = execResult({
        ...exit,
        ...about,
        stdout: '',
        stderr: '',
        truncated: false,
      });
      yield { type: 'complete', timestamp: now(), command, sessionId, exitCode: exit.exitCode, result };
    } else if (event.type === 'error') {
      yield { type: 'error', timestamp: now(), command, sessionId, error: `${event.code}: ${event.message}` };
    } else yield { type: event.type, timestamp: now(), command, sessionId, ...outputText(event) };
  }
}

/** The output so far, what comes, and at last `exit` or `error`. */
export async function* logEvents(
  processId: string,
  events: AsyncIterable<CommandEvent>,
): AsyncGenerator<LogEvent, void, undefined> {
  let sessionId = '';
  for await (const event of events) {
    const about = { timestamp: now(), processId, sessionId };
    if (event.type === 'start') ({ sessionId } = event);
    else if (event.type === 'exit') {
      const { exitCode } = event;
      yield { ...about, type: 'exit', data: `Process exited with code ${exitCode}`, exitCode };
    } else if (event.type === 'error') {
      yield { ...about, type: 'error', data: `${event.code}: ${event.message}` };
    } else yield { ...about, type: event.type, ...outputText(event) };
  }
}

/** As text whatever the bytes are, and the bytes themselves where text cannot hold them. */
export function outputText(event: { data: string } | { dataBase64: string }): {
  data: string;
  dataBase64?: string;
} {
  if ('data' in event) return { data: event.data };
  return { data: new TextDecoder().decode(eventBytes(event)), dataBase64: event.dataBase64 };
}
