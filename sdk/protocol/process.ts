// A process: a command that runs in the background, in a copy of its session's shell.
import * as z from 'zod';
import { CommandText } from './exec.ts';
import { LIMITS } from './limits.ts';
import { CommandId, Cwd, Env, SessionId } from './names.ts';

export const StartProcessRequest = z.strictObject({
  command: CommandText,
  /** Idempotency key; made by the engine if absent. */
  id: CommandId.optional(),
  /** Whose variables, functions and cwd it starts with. Default `default`. */
  session: SessionId.optional(),
  cwd: Cwd.optional(),
  env: Env.optional(),
  /** Leaves stdin open for `POST /processes/{id}/stdin`; otherwise it is empty. */
  stdinOpen: z.boolean().optional(),
  /** Milliseconds; none if absent. */
  timeoutMs: z.int().min(1).max(LIMITS.timeoutMs).optional(),
});
export type StartProcessRequest = z.infer<typeof StartProcessRequest>;

/** `exited`: its shell ended, the exit code is known. `settled`: nobody holds its output any more. */
export const ProcessState = z.enum(['running', 'exited', 'settled', 'lost']);
export type ProcessState = z.infer<typeof ProcessState>;

export const ProcessInfo = z.object({
  id: z.string(),
  sessionId: z.string(),
  /** Null when it is lost. */
  pid: z.int().nullable(),
  command: z.string(),
  state: ProcessState,
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  /** ISO 8601. */
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  durationMs: z.number().nullable(),
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
});
export type ProcessInfo = z.infer<typeof ProcessInfo>;

export const ProcessList = z.object({ processes: z.array(ProcessInfo) });
export type ProcessList = z.infer<typeof ProcessList>;

export const TerminateRequest = z.strictObject({
  /** Milliseconds between SIGTERM and SIGKILL. Default 5,000. */
  graceMs: z.int().min(0).max(600_000).optional(),
});
export type TerminateRequest = z.infer<typeof TerminateRequest>;

/** A page of output, of a process or of a foreground command. */
export const OutputPage = z.object({
  chunks: z.array(
    z.object({
      stream: z.enum(['stdout', 'stderr']),
      /** Of the chunk's last line. */
      seq: z.int(),
      /** Text when the bytes are UTF-8, else base64. */
      data: z.string().optional(),
      dataBase64: z.string().optional(),
    }),
  ),
  /** Give it as `since` next time. */
  nextSeq: z.int(),
  /** There as soon as the command has exited. */
  exitCode: z.int().nullable(),
  /** False once nothing more will come and this page is the last. */
  alive: z.boolean(),
  /** The page was cut by `maxBytes` or `maxOutputBytes`, or bytes were lost. */
  truncated: z.boolean(),
  /** Bytes after `since` that are no longer kept. */
  lostBytes: z.int(),
  /** Bytes that `maxOutputBytes` cut out of the middle; they are still at `/commands/{id}/output`. */
  omittedBytes: z.int().optional(),
});
export type OutputPage = z.infer<typeof OutputPage>;
