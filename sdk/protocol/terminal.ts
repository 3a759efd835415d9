// A terminal: a shell or a command on a pseudoterminal, and what goes over the WebSocket to it. Binary messages are
// the terminal's bytes, both ways; text messages are the JSON objects below.
import * as z from 'zod';
import { CommandText } from './exec.ts';
import { LIMITS } from './limits.ts';
import { Cwd, Env, SessionId } from './names.ts';

/** A terminal's id, in a space of ids of its own. */
export const TerminalId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a terminal id is [A-Za-z0-9_.-]{1,64}')
  .refine((name) => name !== '.' && name !== '..', 'a terminal id is not . or ..');

const Cells = z.int().min(1).max(LIMITS.terminalCells);

export const CreateTerminalRequest = z.strictObject({
  /** Made by the engine if absent. */
  id: TerminalId.optional(),
  /** Whose variables, functions and cwd it starts with. Default `default`. */
  session: SessionId.optional(),
  cwd: Cwd.optional(),
  env: Env.optional(),
  /** Bash source that runs in the terminal; an interactive bash if absent. */
  command: CommandText.optional(),
  /** Width in characters. Default 80. */
  cols: Cells.optional(),
  /** Height in lines. Default 24. */
  rows: Cells.optional(),
});
export type CreateTerminalRequest = z.infer<typeof CreateTerminalRequest>;

const Whole = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number')
  .transform(Number);

/** The query of an upgrade. */
export const ConnectTerminalQuery = z
  .strictObject({
    /** Offset of the last byte that the viewer has: what is kept behind it comes first. Default 0, the beginning. */
    after: Whole.optional(),
    /** Bytes that may be on their way before the viewer says `ack`; no bound of the viewer's own if absent. */
    window: Whole.pipe(z.int().min(LIMITS.terminalWindowBytes).max(LIMITS.terminalRingBytes)).optional(),
    /** Makes the terminal where there is none of that id. */
    create: z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] }).optional(),
    session: SessionId.optional(),
    cwd: Cwd.optional(),
    command: CommandText.optional(),
    /** The size from now on, also of a terminal that is there. */
    cols: Whole.pipe(Cells).optional(),
    rows: Whole.pipe(Cells).optional(),
  })
  .refine(
    ({ create, session, cwd, command }) => create || (session ?? cwd ?? command) === undefined,
    'session, cwd and command are for create=true',
  );
export type ConnectTerminalQuery = z.infer<typeof ConnectTerminalQuery>;

export const TerminalInfo = z.object({
  id: z.string(),
  sessionId: z.string(),
  /** Of its first process. */
  pid: z.int(),
  /** Null for an interactive bash. */
  command: z.string().nullable(),
  cols: z.int(),
  rows: z.int(),
  state: z.enum(['running', 'exited']),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  /** ISO 8601. */
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  /** Written by it so far. */
  bytes: z.int(),
  /** Connections that watch it. */
  viewers: z.int(),
});
export type TerminalInfo = z.infer<typeof TerminalInfo>;

export const TerminalList = z.object({ terminals: z.array(TerminalInfo) });
export type TerminalList = z.infer<typeof TerminalList>;

/** What a viewer sends as text. */
export const TerminalControl = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('resize'), cols: Cells, rows: Cells }),
  /** To what runs in the foreground; by name or number. */
  z.strictObject({ type: z.literal('signal'), signal: z.union([z.string().max(16), z.int()]) }),
  /** It has taken all bytes before this offset. */
  z.strictObject({ type: z.literal('ack'), offset: z.int().min(0) }),
]);
export type TerminalControl = z.infer<typeof TerminalControl>;

/** What a viewer is sent as text. */
export type TerminalMessage =
  /** The first. `offset` is that of the byte that comes next; of those behind `after`, `lostBytes` are no longer kept. */
  | {
      type: 'ready';
      id: string;
      pid: number;
      startedAt: string;
      offset: number;
      lostBytes: number;
      cols: number;
      rows: number;
    }
  /** The viewer was too slow: so many bytes before `offset`, with which it goes on, are no longer kept. */
  | { type: 'lost'; offset: number; lostBytes: number }
  /** Another viewer changed its size. */
  | { type: 'resize'; cols: number; rows: number }
  /** Nothing happened for a while. */
  | { type: 'alive' }
  /** What the viewer sent as text was of no use. */
  | { type: 'error'; code: string; message: string }
  /** The last: all that it wrote was sent. */
  | { type: 'exit'; exitCode: number; signal: string | null };
