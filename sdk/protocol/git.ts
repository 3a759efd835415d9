// Cloning a repository: what is asked, what is told on the way, and what comes of it.
import * as z from 'zod';
import { FilePath } from './files.ts';
import { LIMITS } from './limits.ts';
import { SessionId } from './names.ts';

/** What begins with a dash would be an option of git's. */
const notAnOption = (text: string) => !text.startsWith('-');
const isPlain = (text: string) => !/\p{Cc}/u.test(text);

/** https, http, ssh, git or file as a URL, `user@host:path`, or a path. */
const GitUrl = z
  .string()
  .min(1)
  .max(LIMITS.pathBytes)
  .refine(notAnOption, 'a URL must not begin with a dash')
  .refine(isPlain, 'a URL must not hold control characters')
  .refine((url) => !/^[A-Za-z0-9+.-]*::/.test(url), 'URLs of remote helpers (as ext::) are not taken');

/** Of a branch or a tag. */
const GitBranch = z
  .string()
  .min(1)
  .max(LIMITS.gitNameLength)
  .refine(notAnOption, 'a branch must not begin with a dash')
  .refine(isPlain, 'a branch must not hold control characters');

const Credential = z
  .string()
  .max(LIMITS.gitCredentialLength)
  .refine(isPlain, 'credentials must not hold control characters');

/** For https and http. With a token the user is `x-access-token` unless named, which the large hosts take. */
export const GitAuth = z.union([
  z.strictObject({ username: Credential.optional(), password: Credential }),
  z.strictObject({ username: Credential.optional(), token: Credential.min(1) }),
]);
export type GitAuth = z.infer<typeof GitAuth>;

export const GitCloneRequest = z.strictObject({
  /** Credentials in it are taken out and used as `auth`. */
  url: GitUrl,
  /** A branch or a tag; the remote's own choice if absent. */
  branch: GitBranch.optional(),
  /** So many commits of that one branch; all of all branches if absent. */
  depth: z.int().min(1).max(LIMITS.gitDepth).optional(),
  /** Where to: absent, or empty. The repository's name if absent; relative to the session's cwd. */
  dir: FilePath.optional(),
  /** Default `default`. */
  session: SessionId.optional(),
  auth: GitAuth.optional(),
  timeoutMs: z.int().min(1).max(LIMITS.timeoutMs).optional(),
});
export type GitCloneRequest = z.infer<typeof GitCloneRequest>;

export const GitCloneResult = z.object({
  /** Absolute. */
  dir: z.string(),
  /** What is checked out; null in a repository without commits. */
  commit: z.string().nullable(),
  /** Null where a tag is checked out. */
  branch: z.string().nullable(),
});
export type GitCloneResult = z.infer<typeof GitCloneResult>;

export const GitProgress = z.object({
  /** In git's words, such as `Receiving objects`. */
  phase: z.string(),
  /** 0 to 100. */
  percent: z.int().optional(),
  /** So many of `total`. */
  count: z.int(),
  total: z.int().optional(),
  receivedBytes: z.int().optional(),
});
export type GitProgress = z.infer<typeof GitProgress>;

/** The events of a clone; each one's name is its type. `done` or `error` is the last. */
export type GitEvent =
  | ({ type: 'progress' } & GitProgress)
  | ({ type: 'done' } & GitCloneResult)
  | { type: 'error'; code: string; message: string };
