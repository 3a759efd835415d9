// A request's query, parsed once into a type.
import type { z } from 'zod';
import { queryValue } from '#protocol';
import { parse } from './body.ts';
import type { EngineContext } from './routes.ts';

/** 400 INVALID_REQUEST. */
export function readQuery<T extends z.ZodType>(c: EngineContext, schema: T): z.infer<T> {
  return parse(schema, queryValue(c.search));
}
