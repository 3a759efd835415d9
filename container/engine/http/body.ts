// Request bodies: read with a bound, parsed once into a type.
import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { COMMAND_ID_HEADER, CommandId, HoldfastError, LIMITS, parseAs } from '#protocol';

/** The JSON body as `schema` has it; an empty one is `{}`. 400 INVALID_REQUEST, 413 PAYLOAD_TOO_LARGE. */
export async function readJson<T extends z.ZodType>(
  request: IncomingMessage,
  schema: T,
): Promise<z.infer<T>> {
  return parseAs(schema, parseJson(await readText(request)));
}

/** The body, with the id that came in a header where it names none: whoever cut the request off may repeat it. */
export async function readStart<T extends z.ZodType<{ id?: string | undefined }>>(
  request: IncomingMessage,
  schema: T,
): Promise<z.infer<T>> {
  const wanted = await readJson(request, schema);
  const given = request.headers[COMMAND_ID_HEADER];
  return wanted.id === undefined && given !== undefined
    ? { ...wanted, id: parseAs(CommandId, given, COMMAND_ID_HEADER) }
    : wanted;
}

/** At most 4 MiB of text. */
export async function readText(request: IncomingMessage): Promise<string> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > LIMITS.jsonBodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMITS.jsonBodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

export function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new HoldfastError('INVALID_REQUEST', 'the body is not JSON');
  }
}

function tooLarge(): HoldfastError {
  return new HoldfastError(
    'PAYLOAD_TOO_LARGE',
    `a JSON body is at most ${LIMITS.jsonBodyBytes} bytes; send large input through a file or stdin`,
  );
}
