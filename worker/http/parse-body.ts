// The Worker's trust boundary for JSON: bytes in, a value of the schema out, or INVALID_REQUEST that names the field.

import type * as z from 'zod';
import { HoldfastError, parseAs } from '#protocol';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Parses a JSON body; an empty one is `{}`. Throws INVALID_REQUEST. */
export function parseBody<T extends z.ZodType>(schema: T, bytes: Uint8Array): z.infer<T> {
  return parseAs(schema, readJson(bytes));
}

function readJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw new HoldfastError('INVALID_REQUEST', 'The body is not JSON in UTF-8.');
  }
}
