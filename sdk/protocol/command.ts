// A command in the table: foreground or background, waiting, running or ended.
import * as z from 'zod';

/** A foreground command ends as `exited`; a process goes on to `settled` when its output is complete. */
export const CommandState = z.enum(['queued', 'running', 'exited', 'settled', 'lost']);
export type CommandState = z.infer<typeof CommandState>;

export const CommandInfo = z.object({
  id: z.string(),
  sessionId: z.string(),
  command: z.string(),
  mode: z.enum(['foreground', 'background']),
  state: CommandState,
  /** Null until the command ended, and for a command that never ran or was lost. */
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  interrupted: z.boolean(),
  outputLimited: z.boolean(),
  shellRestarted: z.boolean(),
  /** ISO 8601. */
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  durationMs: z.number().nullable(),
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
});
export type CommandInfo = z.infer<typeof CommandInfo>;

export const CommandList = z.object({ commands: z.array(CommandInfo) });
export type CommandList = z.infer<typeof CommandList>;

/** JSON form of a stdin body; any other content type is taken as raw bytes. */
export const StdinRequest = z
  .strictObject({
    data: z.string().optional(),
    dataBase64: z.base64().optional(),
    /** Closes stdin after the data. */
    eof: z.boolean().optional(),
  })
  .refine((r) => r.data === undefined || r.dataBase64 === undefined, {
    message: 'give data or dataBase64, not both',
    path: ['dataBase64'],
  });
export type StdinRequest = z.infer<typeof StdinRequest>;

export const SignalRequest = z.strictObject({
  /** By name, with or without SIG, or by number: `"TERM"`, `"SIGTERM"`, `15`. */
  signal: z.union([z.string().regex(/^(SIG)?[A-Z0-9+-]{2,10}$/i), z.int().min(1).max(64)]),
});
export type SignalRequest = z.infer<typeof SignalRequest>;
