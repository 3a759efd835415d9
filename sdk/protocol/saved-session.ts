// A session as one engine saves it and another makes it again: internal calls between engine and Durable Object,
// `GET` and `PUT /sessions/{id}/checkpoint`.
import * as z from 'zod';
import { Env, SessionId } from './names.ts';
import { Secrets } from './secrets.ts';

export const SavedSession = z.strictObject({
  id: SessionId,
  /** Rises with every new checkpoint of the session within one generation; `Sync` tells it too. */
  version: z.int(),
  /** Where the shell was; it may not exist any more where it is made again. */
  cwd: z.string(),
  /** What the session was created with, the sandbox's own variables included. */
  env: Env,
  /** Its own secrets. Only ever stored sealed. */
  secrets: Secrets.optional(),
  /** ISO 8601. */
  createdAt: z.string(),
  lastUsedAt: z.string(),
  /** `$?` of the last command. */
  lastStatus: z.int(),
  /** The checkpoint of its shell, base64; null before its first command. Only an engine reads it. */
  state: z.base64().nullable(),
});
export type SavedSession = z.infer<typeof SavedSession>;
