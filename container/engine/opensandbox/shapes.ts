// The wire of OpenSandbox's execd sessions, as its published client speaks it. Unknown fields are ignored.
import * as z from 'zod';
import { CommandText, Cwd, LIMITS } from '#protocol';

/** `null` and an empty body count as no options. */
export const CreateSession = z
  .object({ cwd: Cwd.nullish() })
  .nullable()
  .transform((body) => body ?? {});

const Milliseconds = z.number().min(0).max(LIMITS.timeoutMs).nullish();

/** Newer clients send `command` and `timeout`, older ones `code` and `timeout_ms`. Milliseconds; 0 is none. */
export const RunInSession = z
  .object({
    command: CommandText.nullish(),
    code: CommandText.nullish(),
    cwd: Cwd.nullish(),
    timeout: Milliseconds,
    timeout_ms: Milliseconds,
  })
  .transform(({ command, code, cwd, timeout, timeout_ms }) => ({
    text: command ?? code,
    cwd: cwd ?? undefined,
    timeoutMs: Math.ceil(timeout ?? timeout_ms ?? 0) || undefined,
  }))
  .refine(({ text }) => text !== undefined && text !== null && text !== '', 'command is required');

/** One message of the stream; each is the `data` of a server-sent event. */
export type Message =
  | { type: 'init'; text: string }
  | { type: 'ping'; text: 'pong' }
  | { type: 'stdout' | 'stderr'; text: string }
  | { type: 'execution_complete'; execution_time: number }
  | { type: 'error'; error: { ename: string; evalue: string; traceback: string[] } };

export function encodeMessage(message: Message, timestamp: number): string {
  return `data: ${JSON.stringify({ ...message, timestamp })}\n\n`;
}
