// A session: one persistent bash with its own cwd, variables and functions.
import * as z from 'zod';
import { Cwd, Env, SessionId } from './names.ts';
import { Secrets } from './secrets.ts';

export const CreateSessionRequest = z.strictObject({
  /** Made by the engine if absent. */
  id: SessionId.optional(),
  /** Where the session starts; it must exist. */
  cwd: Cwd.optional(),
  /** Exported in the session's shell, for good. */
  env: Env.optional(),
  /** Variables of its commands whose values are masked in all that leaves the sandbox; over those of the sandbox. */
  secrets: Secrets.optional(),
});
export type CreateSessionRequest = z.infer<typeof CreateSessionRequest>;

export const SessionInfo = z.object({
  id: z.string(),
  cwd: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  lastUsedAt: z.string(),
  /** Id of the command that runs in the foreground, or null. */
  runningCommand: z.string().nullable(),
  /** How many commands wait behind it. */
  queueLength: z.int(),
  /** The state was restored without its largest variables: it was over 1 MiB. */
  stateTruncated: z.boolean().optional(),
});
export type SessionInfo = z.infer<typeof SessionInfo>;

export const SessionList = z.object({ sessions: z.array(SessionInfo) });
export type SessionList = z.infer<typeof SessionList>;

export const InterruptResult = z.object({
  /** The command that was interrupted, or null when none was running. */
  commandId: z.string().nullable(),
});
export type InterruptResult = z.infer<typeof InterruptResult>;
