// A request's query, parsed once into a type.
import type { z } from 'zod';
import { parse } from './body.ts';
import type { EngineContext } from './direct.ts';

/** A parameter that comes several times is a list. 400 INVALID_REQUEST. */
export function readQuery<T extends z.ZodType>(c: EngineContext, schema: T): z.infer<T> {
  const given = new URL(c.req.url).searchParams;
  const entries = [...new Set(given.keys())].map((name) => {
    const values = given.getAll(name);
    return [name, values.length === 1 ? values[0] : values];
  });
  return parse(schema, Object.fromEntries(entries));
}
