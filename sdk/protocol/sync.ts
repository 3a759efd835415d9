// What a Durable Object pulls from its engine after each command: an internal call, `GET /sync?after=`.
import { z } from 'zod';
import { CommandInfo } from './command.ts';
import { SessionInfo } from './session.ts';

export const Sync = z.object({
  /** Give it as `after` next time. Cursors are good within one generation; start again at 0 in a new one. */
  cursor: z.int(),
  generation: z.int(),
  /** Commands that changed since `after`, in the order of their last change, at most 500. */
  commands: z.array(CommandInfo),
  /** More changed commands wait behind `cursor`. */
  more: z.boolean(),
  /** Processes of which something still lives: running, or exited and not yet settled; and terminals that run something. */
  liveProcesses: z.int(),
  /** Terminals that somebody watches, or did a moment ago. */
  watchedTerminals: z.int(),
  /** All sessions; `checkpoint` is the version of the newest saved state, 0 before the first. */
  sessions: z.array(SessionInfo.extend({ checkpoint: z.int() })),
});
export type Sync = z.infer<typeof Sync>;
