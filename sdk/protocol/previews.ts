// Preview URLs: a port of a sandbox under a host name of its own, for whoever has the link.
import * as z from 'zod';
import { LIMITS } from './limits.ts';

export const PreviewRequest = z.strictObject({
  port: z.int().min(1).max(65_535),
  /** For people; not unique. */
  name: z.string().min(1).max(64).optional(),
  /** The host that the URL is made for, with a port if it needs one; the server's own setting unless given. */
  hostname: z
    .string()
    .max(253)
    .regex(
      /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$/i,
      'hostname is a host name, with a port or without',
    )
    .optional(),
  /** A token of the caller's own, for a URL that stays; 130 random bits unless given. */
  token: z
    .string()
    .regex(/^[a-z0-9_]{1,26}$/, 'a token is [a-z0-9_]{1,26}')
    .optional(),
  /** Until it is revoked unless given. */
  expiresInSeconds: z.int().min(1).max(LIMITS.previewSeconds).optional(),
  /** Whether a request wakes the sandbox when it sleeps. Default false. */
  wakes: z.boolean().optional(),
});
export type PreviewRequest = z.infer<typeof PreviewRequest>;

/** What is kept of a preview. Its token is not: only the answer that made it has the URL. */
export const PreviewInfo = z.object({
  id: z.string(),
  port: z.int(),
  name: z.string().optional(),
  wakes: z.boolean(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Null: until it is revoked. */
  expiresAt: z.string().nullable(),
});
export type PreviewInfo = z.infer<typeof PreviewInfo>;

export const Preview = PreviewInfo.extend({ url: z.string() });
export type Preview = z.infer<typeof Preview>;

export const PreviewList = z.object({ previews: z.array(PreviewInfo) });
export type PreviewList = z.infer<typeof PreviewList>;
