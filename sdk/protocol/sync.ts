// What a Durable Object pulls from its engine after each command: an internal call, `POST /sync`.
import * as z from 'zod';
import { CommandInfo } from './command.ts';
import { SavedSession } from './saved-session.ts';
import { SessionInfo } from './session.ts';

export const SyncRequest = z.strictObject({
  /** The last answer's `cursor`; 0 asks for all. */
  after: z.int().default(0),
  /** Sessions and the versions of the checkpoints that the asker has; newer ones, and those of other sessions, are sent. */
  checkpoints: z.array(z.tuple([z.string(), z.int()])).default([]),
});
export type SyncRequest = z.infer<typeof SyncRequest>;

export const Sync = z.object({
  /** Give it as `after` next time. Cursors are good within one generation; start again at 0 in a new one. */
  cursor: z.int(),
  generation: z.int(),
  /** Commands that changed since `after`, in the order of their last change, at most 500. */
  commands: z.array(CommandInfo),
  /** More changed commands wait behind `cursor`, or more checkpoints. */
  more: z.boolean(),
  /** Processes of which something still lives: running, or exited and not yet settled; and terminals that run something. */
  liveProcesses: z.int(),
  /** WebSockets to servers in the sandbox that are open. */
  openSockets: z.int(),
  /** Terminals that somebody watches, or did a moment ago. */
  watchedTerminals: z.int(),
  /** All sessions; `checkpoint` is the version of the newest saved state, 0 before the first. */
  sessions: z.array(SessionInfo.extend({ checkpoint: z.int() })),
  /** Checkpoints that the asker has not, up to 4 MiB of them. */
  saved: z.array(SavedSession),
  /** A shell is just writing its state: asking again soon brings it. */
  pending: z.boolean(),
});
export type Sync = z.infer<typeof Sync>;
