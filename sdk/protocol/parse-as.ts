// The trust boundary: what came over the wire becomes a value of its schema, or an error that names the field. Pure.
import type * as z from 'zod';
import { en } from 'zod/locales';
import { HoldfastError } from './errors.ts';

// By hand, for each parse: that zod sets its messages when it is loaded does not survive a bundler that drops what
// nobody imports by name.
const messages = en().localeError;

/**
 * `value` as `schema` has it. `what` names the value where there is no field to name.
 * Throws 400 INVALID_REQUEST, with `details.issues`: `[{ field, message }]`.
 *
 * @example
 * parseAs(SessionId, 'main', 'session'); // 'main'
 */
export function parseAs<T extends z.ZodType>(schema: T, value: unknown, what = 'the body'): z.infer<T> {
  const parsed = schema.safeParse(value, { error: messages });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const message = issues.map((issue) => `${issue.field || what}: ${issue.message}`).join('; ');
  throw new HoldfastError('INVALID_REQUEST', message, { details: { issues } });
}
