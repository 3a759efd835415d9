// The bytes of an output event, whichever of its two forms they came in.

const encoder = new TextEncoder();

/**
 * The bytes of a `stdout` or `stderr` event, exactly as the command wrote them.
 *
 * @example
 * for await (const event of session.execStream('cat picture.png')) {
 *   if (event.type === 'stdout') await file.write(eventBytes(event));
 * }
 */
export function eventBytes(event: { data: string } | { dataBase64: string }): Uint8Array<ArrayBuffer> {
  return 'data' in event
    ? (encoder.encode(event.data) as Uint8Array<ArrayBuffer>)
    : fromBase64(event.dataBase64);
}

function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
