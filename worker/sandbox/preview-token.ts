// Tokens of previews: random, kept as hashes, compared in a time that tells nothing.
import { PREVIEW_TOKEN_LENGTH } from '#protocol';

/** RFC 4648, section 6, in small letters: what a host name may hold, 5 bits each. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

const encoder = new TextEncoder();

/** 130 random bits. */
export function newPreviewToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(PREVIEW_TOKEN_LENGTH));
  return Array.from(bytes, (byte) => BASE32[byte & 31]).join('');
}

/** SHA-256 in hex. */
export async function hashOfToken(token: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(token))).toHex();
}

/** Whether two hashes of tokens are the same. */
export function sameHash(a: string, b: string): boolean {
  return crypto.subtle.timingSafeEqual(encoder.encode(a), encoder.encode(b));
}
