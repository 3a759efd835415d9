// The names a caller may choose, and the patterns that hold them.
// They end up in paths and file names, so the patterns allow nothing that could leave a folder.
import * as z from 'zod';
import { SANDBOX_NAME } from './well-known.ts';

const notADotPath = (name: string) => name !== '.' && name !== '..';

/** A sandbox's name: a DNS label, so that it can become part of a host name. */
export const SandboxName = z.string().regex(SANDBOX_NAME, 'a sandbox name is [a-z0-9][a-z0-9-]{0,62}');

/** A session's id. */
export const SessionId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a session id is [A-Za-z0-9_.-]{1,64}')
  .refine(notADotPath, 'a session id is not . or ..');

/** A command's id: the caller's idempotency key, in one space of ids for the whole sandbox. */
export const CommandId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a command id is [A-Za-z0-9_.-]{1,64}')
  .refine(notADotPath, 'a command id is not . or ..');

/**
 * Environment variables given with a call: names as POSIX allows them in a shell (XBD 3.216),
 * without the prefix `__hf_`, which the engine keeps to itself; values without NUL (execve(2)).
 */
export const Env = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name is [A-Za-z_][A-Za-z0-9_]*')
    .refine((name) => !name.startsWith('__hf_'), 'names that start with __hf_ are reserved'),
  z.string().refine((value) => !value.includes('\0'), 'a value must not hold NUL'),
);
export type Env = z.infer<typeof Env>;

/** A working directory: absolute, or relative to the session's own. */
export const Cwd = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0'), 'a path must not hold NUL');
