// The content of a file as a caller has it in hand: text, or base64 where it is not UTF-8.

const CHUNK = 32_768;

export function encodeContent(content: string | Uint8Array, encoding = 'utf-8'): Uint8Array<ArrayBuffer> {
  if (typeof content !== 'string') return new Uint8Array(content);
  if (encoding !== 'base64') return new TextEncoder().encode(content) as Uint8Array<ArrayBuffer>;
  return Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
}

export function decodeContent(bytes: Uint8Array, encoding?: 'utf-8' | 'utf8' | 'base64') {
  const text = asText(bytes);
  const isBinary = text === undefined;
  const mimeType = isBinary ? 'application/octet-stream' : 'text/plain';
  if (encoding === 'base64' || (isBinary && encoding === undefined)) {
    return { content: asBase64(bytes), encoding: 'base64' as const, isBinary, mimeType };
  }
  const content = text ?? new TextDecoder().decode(bytes);
  return { content, encoding: 'utf-8' as const, isBinary, mimeType };
}

/** Undefined for what is no text: not UTF-8, or with NUL. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined; // the decoder says no more than that
  }
}

function asBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
  return btoa(parts.join(''));
}
