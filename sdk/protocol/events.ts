// The events of one command, as they stream to a client.
import * as z from 'zod';
import { ERRORS, type ErrorCode } from './errors.ts';
import type { Exit } from './exec.ts';

export const StartData = z.object({
  commandId: z.string(),
  sessionId: z.string(),
  mode: z.enum(['foreground', 'background']),
  queuedMs: z.number(),
  startedAt: z.string(),
});

/** `data` when the bytes are UTF-8, else `dataBase64`. */
export const OutputData = z.union([z.object({ data: z.string() }), z.object({ dataBase64: z.string() })]);

export const ErrorData = z.object({
  code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
});

/**
 * One event. `seq` of an output event is its resume point: a reader who comes back with it
 * as `after` (or as `Last-Event-ID`) gets exactly what follows.
 */
export type CommandEvent =
  | ({ type: 'start' } & z.infer<typeof StartData>)
  | ({ type: 'stdout' | 'stderr'; seq: number } & ({ data: string } | { dataBase64: string }))
  | ({ type: 'exit' } & Exit)
  | ({ type: 'error' } & z.infer<typeof ErrorData>);
