// Waiting for a process in one call: until its output holds something, a port answers, or it exited.
import * as z from 'zod';
import { LIMITS } from './limits.ts';
import { ProcessInfo } from './process.ts';

/** Milliseconds after which the answer is `met: false`; nothing is ended by that. Default 30,000. */
const waitMs = z.int().min(0).max(LIMITS.waitMs).optional();

/** What to look for in the output: each stream by itself, across the borders of lines and reads. */
const OutputWait = z
  .strictObject({
    for: z.literal('output'),
    /** These characters. */
    text: z.string().min(1).max(LIMITS.waitPatternLength).optional(),
    /** A JavaScript regular expression; a match spans at most 64 Ki characters. */
    pattern: z.string().min(1).max(LIMITS.waitPatternLength).optional(),
    /** Of the pattern. */
    flags: z
      .string()
      .regex(/^[imsuv]*$/, 'flags are some of i, m, s, u, v')
      .optional(),
    /** Looks behind that seq only; 0, the beginning, if absent. */
    since: z.int().min(0).optional(),
    waitMs,
  })
  .refine((r) => (r.text === undefined) !== (r.pattern === undefined), {
    message: 'give text or pattern, one of them',
    path: ['text'],
  })
  .refine((r) => r.flags === undefined || r.pattern !== undefined, {
    message: 'flags go with a pattern',
    path: ['flags'],
  })
  .refine((r) => r.pattern === undefined || compiles(r.pattern, r.flags), {
    message: 'pattern is no regular expression',
    path: ['pattern'],
  });

const HttpStatus = z.int().min(100).max(599);

const PortWait = z.strictObject({
  for: z.literal('port'),
  /** On the sandbox's own loopback, IPv4 or IPv6. */
  port: z.int().min(1).max(65_535),
  /** `tcp`: a connection is accepted; `http`: a GET is answered with an accepted status. Default `tcp`. */
  mode: z.enum(['tcp', 'http']).optional(),
  /** With `http`: what is asked for. Default `/`. */
  path: z
    .string()
    .max(4096)
    .regex(/^\/[\x21-\x7e]*$/, 'path begins with / and is percent-encoded')
    .optional(),
  /** With `http`: the accepted status or statuses. Default 200 to 399. */
  status: z.union([HttpStatus, z.array(HttpStatus).min(1).max(500)]).optional(),
  waitMs,
});
export type PortWait = z.infer<typeof PortWait>;

const ExitWait = z.strictObject({ for: z.literal('exit'), waitMs });

export const WaitRequest = z.discriminatedUnion('for', [OutputWait, PortWait, ExitWait]);
export type WaitRequest = z.infer<typeof WaitRequest>;
export type OutputWait = z.infer<typeof OutputWait>;

export const OutputMatch = z.object({
  stream: z.enum(['stdout', 'stderr']),
  /** What matched. */
  text: z.string(),
  /** What the pattern's groups captured; null for one that took no part. */
  groups: z.array(z.string().nullable()),
  /** Seq of the line in which the match ends: give it as `since` to read or wait on behind it. */
  nextSeq: z.int(),
});
export type OutputMatch = z.infer<typeof OutputMatch>;

export const WaitResult = z.object({
  /** False when `waitMs` passed first. */
  met: z.boolean(),
  /** The process at that moment. */
  process: ProcessInfo,
  /** Where output was waited for and came. */
  match: OutputMatch.optional(),
});
export type WaitResult = z.infer<typeof WaitResult>;

function compiles(pattern: string, flags?: string): boolean {
  try {
    new RegExp(pattern, flags);
    return true;
  } catch {
    return false;
  }
}
