// Running a command in a session: what is asked, and the result as JSON.
import * as z from 'zod';
import { LIMITS } from './limits.ts';
import { CommandId, Cwd, Env } from './names.ts';

const encoder = new TextEncoder();

/** A command's text: bash source, at most 1 MiB of UTF-8, without NUL. Empty does nothing. */
export const CommandText = z
  .string()
  .refine((text) => !text.includes('\0'), 'a command must not hold NUL')
  .refine(
    (text) => text.length * 3 <= LIMITS.commandBytes || encoder.encode(text).length <= LIMITS.commandBytes,
    `a command is at most ${LIMITS.commandBytes} bytes; write a script file and run that`,
  );

export const ExecRequest = z
  .strictObject({
    command: CommandText,
    /** Idempotency key; made by the engine if absent. */
    id: CommandId.optional(),
    /** For this call only. */
    cwd: Cwd.optional(),
    /** For this call only. */
    env: Env.optional(),
    /** The whole of stdin as text; empty if absent. */
    stdin: z.string().optional(),
    /** The whole of stdin as base64. */
    stdinBase64: z.base64().optional(),
    /** Leaves stdin open for `POST /commands/{id}/stdin`. */
    stdinOpen: z.boolean().optional(),
    /** Milliseconds from the start of the command (not of its wait); none if absent. */
    timeoutMs: z.int().min(1).max(LIMITS.timeoutMs).optional(),
    /** Milliseconds after which a command that still runs is answered with 202 and goes on. */
    yieldMs: z.int().min(250).max(300_000).optional(),
    /** Of each stream inline; of more, head and tail. Default, and at most, 8 MiB. */
    maxOutputBytes: z.int().min(1).max(LIMITS.inlineOutputBytes).optional(),
    /** Milliseconds from the last client's departure to the interrupt; null is never. Default 30,000. */
    disconnectGraceMs: z.int().min(0).max(LIMITS.disconnectGraceMs).nullable().optional(),
  })
  .refine((r) => r.stdin === undefined || r.stdinBase64 === undefined, {
    message: 'give stdin or stdinBase64, not both',
    path: ['stdinBase64'],
  })
  .refine((r) => !(r.stdinOpen && (r.stdin !== undefined || r.stdinBase64 !== undefined)), {
    message: 'stdinOpen is for input that comes later; leave out stdin and stdinBase64',
    path: ['stdinOpen'],
  });
export type ExecRequest = z.infer<typeof ExecRequest>;

/** How a command ended; shared by the JSON result and the `exit` event. */
export const Exit = z.object({
  /** 0 to 255; 124 for a timeout, 130 for an interrupt, 128 plus its number for a signal. */
  exitCode: z.int(),
  /** Name of the signal that ended the shell itself, where that is known. */
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  interrupted: z.boolean(),
  /** The command was stopped because its log passed 256 MiB. */
  outputLimited: z.boolean(),
  /** The command ended its shell; the next one finds a fresh shell with the state restored. */
  shellRestarted: z.boolean(),
  durationMs: z.number(),
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
  /** Bytes that this reader can no longer get. */
  lostBytes: z.int(),
  /** The session's working directory after the command. */
  cwd: z.string(),
  /**
   * Where the session had been, when that directory was gone as its shell was made anew for this command:
   * the shell began in the nearest parent that exists.
   */
  missingCwd: z.string().optional(),
});
export type Exit = z.infer<typeof Exit>;

export const ExecResult = Exit.extend({
  id: z.string(),
  sessionId: z.string(),
  command: z.string(),
  stdout: z.string(),
  stderr: z.string(),
  /** Beside the text when the bytes are not UTF-8. */
  stdoutBase64: z.string().optional(),
  stderrBase64: z.string().optional(),
  /** The middle of stdout or stderr was left out; the whole is at `/commands/{id}/output/stdout`. */
  truncated: z.boolean(),
  /** ISO 8601. */
  startedAt: z.string(),
});
export type ExecResult = z.infer<typeof ExecResult>;

/** The answer 202 to an exec with `yieldMs`: the command goes on. */
export const YieldedExec = z.object({
  id: z.string(),
  sessionId: z.string(),
  command: z.string(),
  state: z.enum(['queued', 'running']),
  /** Output so far, head and tail of it if it is long. */
  stdout: z.string(),
  stderr: z.string(),
  stdoutBase64: z.string().optional(),
  stderrBase64: z.string().optional(),
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
  truncated: z.boolean(),
  /** Give it as `since` to `GET /commands/{id}/output`. */
  nextSeq: z.int(),
  /** ISO 8601; null while it waits. */
  startedAt: z.string().nullable(),
});
export type YieldedExec = z.infer<typeof YieldedExec>;
