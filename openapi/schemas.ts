// The protocol's schemas as JSON Schema, each under its name, with the comments of the source as descriptions.
import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import * as protocol from '#protocol';
import { type Comments, readComments } from './comments.ts';

export interface JsonSchema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  required?: string[];
  [keyword: string]: unknown;
}

const folder = new URL('../sdk/protocol/', import.meta.url);
export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** What is sent is described as it is before it was parsed; a query as what it stands for, since all of it is text. */
export function protocolSchemas(): Map<string, JsonSchema> {
  const comments: Comments = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    readComments(file, readFileSync(new URL(file, folder), 'utf8'), comments);
  }
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(protocol)) {
    if (schema instanceof z.ZodType) registry.add(schema, { id });
  }
  const uri = (id: string) => refTo(id).$ref!;
  const as = (io: 'input' | 'output') =>
    z.toJSONSchema(registry, { uri, io, unrepresentable: 'any' }).schemas as Record<string, JsonSchema>;
  const [input, output] = [as('input'), as('output')];
  return new Map(
    Object.keys(input).map((name) => {
      const { $schema: _, $id: __, ...schema } = (name.endsWith('Query') ? output : input)[name]!;
      describe(schema, '', comments.get(name) ?? new Map());
      return [name, plain(schema)];
    }),
  );
}

/** Writes the comments into the schema, wherever in a union a field of that path is. */
function describe(schema: JsonSchema, path: string, comments: Map<string, string>): void {
  const comment = comments.get(path);
  if (comment) schema.description = comment;
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    describe(inner, path === '' ? name : `${path}/${name}`, comments);
  }
  for (const inner of [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    for (const [name, deep] of Object.entries(inner?.properties ?? {})) {
      describe(deep, path === '' ? name : `${path}/${name}`, comments);
    }
  }
}

/** Without the bounds that every whole number in JavaScript has. */
function plain(schema: JsonSchema): JsonSchema {
  return JSON.parse(
    JSON.stringify(schema, (key, value) =>
      /^(minimum|maximum)$/.test(key) && Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value,
    ),
  );
}
