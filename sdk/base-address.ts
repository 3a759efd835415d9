// A base address, to which paths are appended.
import { HoldfastError } from './protocol/index.ts';

/** The address without a slash, query or fragment at its end, or `INVALID_REQUEST`. */
export function baseAddress(url: string | URL): string {
  const parsed = URL.canParse(`${url}`) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new HoldfastError(
      'INVALID_REQUEST',
      `"${url}" is no address; give one such as https://example.com`,
    );
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, '');
}
