// Input for what runs, at its stdin's path. Never repeated: a write that was carried out twice would be read twice.
import type { Connection } from './connection/connection.ts';

export async function writeStdin(
  connection: Connection,
  at: string,
  data: string | Uint8Array,
  eof: boolean,
): Promise<void> {
  const bytes = new Uint8Array(typeof data === 'string' ? new TextEncoder().encode(data) : data);
  // Raw, because a JSON body is limited and cannot hold any bytes.
  if (bytes.length > 0) await connection.json({ method: 'POST', path: at, bytes, repeat: 'never' });
  if (eof) await connection.json({ method: 'POST', path: at, json: { eof: true }, repeat: 'never' });
}
