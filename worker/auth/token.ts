// Scoped tokens: `hft.<claims>.<signature>`, both base64url. The claims are readable by their holder;
// the signature, HMAC-SHA-256 under the API key, is what makes them true. A new key ends them all.
import * as z from 'zod';

const Claims = z.object({
  sandbox: z.string(),
  access: z.enum(['read', 'write']),
  /** Milliseconds since 1970. */
  expiresAt: z.number(),
});
export type Claims = z.infer<typeof Claims>;

const MARK = 'hft';
const encoder = new TextEncoder();

/** Makes a token that opens one sandbox until it expires. */
export async function mintToken(claims: Claims, apiKey: string): Promise<string> {
  const payload = encoder
    .encode(JSON.stringify(claims))
    .toBase64({ alphabet: 'base64url', omitPadding: true });
  const signed = encoder.encode(`${MARK}.${payload}`);
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', await signingKey(apiKey), signed));
  return `${MARK}.${payload}.${signature.toBase64({ alphabet: 'base64url', omitPadding: true })}`;
}

/** The claims of a token that is genuine and has not expired; else undefined. */
export async function verifyToken(token: string, apiKey: string, now: number): Promise<Claims | undefined> {
  const [mark, payload, signature, ...rest] = token.split('.');
  if (mark !== MARK || !payload || !signature || rest.length > 0) return undefined;
  const signatureBytes = fromBase64Url(signature);
  const signed = encoder.encode(`${mark}.${payload}`);
  // verify() compares in constant time.
  if (
    !signatureBytes ||
    !(await crypto.subtle.verify('HMAC', await signingKey(apiKey), signatureBytes, signed))
  ) {
    return undefined;
  }
  const claims = Claims.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(payload))));
  return claims.expiresAt > now ? claims : undefined;
}

function signingKey(apiKey: string): Promise<CryptoKey> {
  const raw = encoder.encode(apiKey);
  return crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet: 'base64url' });
  } catch {
    return undefined;
  }
}
