// The Worker's trust boundary for JSON: bytes in, a value of the schema out, or INVALID_REQUEST that names the field.

import type { z } from 'zod';
import { HoldfastError } from '#protocol';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Parses a JSON body; an empty one is `{}`. Throws INVALID_REQUEST. */
export function parseBody<T extends z.ZodType>(schema: T, bytes: Uint8Array): z.infer<T> {
  return parse(schema, readJson(bytes), 'the body');
}

/** Checks a value that came with a request. `what` names it where the message has no field to name. */
export function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const message = issues.map((issue) => `${issue.field || what}: ${issue.message}`).join('; ');
  throw new HoldfastError('INVALID_REQUEST', message, { details: { issues } });
}

function readJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw new HoldfastError('INVALID_REQUEST', 'The body is not JSON in UTF-8.');
  }
}
