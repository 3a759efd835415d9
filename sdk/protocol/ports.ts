// What listens in a sandbox, and what is told of the client to a server behind a port.
import * as z from 'zod';

export const ListeningPort = z.object({
  port: z.int(),
  /** The address it is bound to: `127.0.0.1`, `0.0.0.0`, `::1`, `::` and so on. */
  address: z.string(),
  pid: z.int(),
  /** The process's command line, at most 256 characters of it. */
  command: z.string(),
  /** The command that started it, and its session, where that is known. */
  commandId: z.string().optional(),
  sessionId: z.string().optional(),
});
export type ListeningPort = z.infer<typeof ListeningPort>;

export const PortList = z.object({ ports: z.array(ListeningPort) });
export type PortList = z.infer<typeof PortList>;

/** How the client asked, as the Durable Object tells the engine: `X-Forwarded-*` comes from it alone. */
export const Forwarded = z.object({
  /** The client's address, where it is known. */
  for: z.string().optional(),
  proto: z.enum(['http', 'https']),
  host: z.string(),
  /** The path in front of the server's own. */
  prefix: z.string().optional(),
  /** The preview that let the client in: the connection ends with it. */
  preview: z
    .object({ id: z.string(), /** Milliseconds since 1970. */ expiresAt: z.number().nullable() })
    .optional(),
});
export type Forwarded = z.infer<typeof Forwarded>;

/** Tells the engine which previews are over, an internal call. */
export const RevokedPreviews = z.object({ ids: z.array(z.string()) });
export type RevokedPreviews = z.infer<typeof RevokedPreviews>;
