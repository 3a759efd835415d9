// A request's query, parsed once into a type.
import type * as z from 'zod';
import { parseAs, queryValue } from '#protocol';
import type { EngineContext } from './routes.ts';

/** 400 INVALID_REQUEST. */
export function readQuery<T extends z.ZodType>(c: EngineContext, schema: T): z.infer<T> {
  return parseAs(schema, queryValue(c.search), 'the query');
}
