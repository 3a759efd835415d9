// Answers about a small command whose container is gone, made from the events that were kept of it.
import { type CommandEvent, decodeEvents, type ExecResult, SSE_CONTENT_TYPE } from '#protocol';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The stream from behind that seq. */
export function keptEvents(events: Uint8Array<ArrayBuffer>, after: number): Response {
  return new Response(after === 0 ? events : eventsAfter(events, after), {
    headers: { 'content-type': SSE_CONTENT_TYPE, 'cache-control': 'no-cache' },
  });
}

/** The result of an exec as its engine would have told it. */
export async function keptResult(
  events: Uint8Array<ArrayBuffer>,
  { id, sessionId, command }: { id: string; sessionId: string; command: string },
): Promise<ExecResult> {
  const all = await decoded(events);
  const start = all.find((event) => event.type === 'start');
  const exit = all.find((event) => event.type === 'exit');
  if (!start || !exit) throw new Error(`the events kept of ${id} are not whole`);
  const { type: _, ...outcome } = exit;
  return {
    id,
    sessionId,
    command,
    ...outcome,
    truncated: false,
    startedAt: start.startedAt,
    ...inline('stdout', outputOf(all, 'stdout')),
    ...inline('stderr', outputOf(all, 'stderr')),
  } as ExecResult;
}

/** The raw bytes of one stream. */
export async function keptOutput(
  events: Uint8Array<ArrayBuffer>,
  stream: 'stdout' | 'stderr',
): Promise<Uint8Array<ArrayBuffer>> {
  return outputOf(await decoded(events), stream);
}

async function decoded(events: Uint8Array): Promise<CommandEvent[]> {
  return await Array.fromAsync(decodeEvents(new Blob([events as Uint8Array<ArrayBuffer>]).stream()));
}

function outputOf(events: CommandEvent[], stream: 'stdout' | 'stderr'): Uint8Array<ArrayBuffer> {
  const parts = events.flatMap((event) => {
    if (event.type !== stream) return [];
    return 'data' in event ? [encoder.encode(event.data)] : [Uint8Array.fromBase64(event.dataBase64)];
  });
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const encoder = new TextEncoder();

function inline(name: 'stdout' | 'stderr', bytes: Uint8Array): Record<string, string> {
  try {
    return { [name]: decoder.decode(bytes) };
  } catch {
    return { [name]: new TextDecoder().decode(bytes), [`${name}Base64`]: bytes.toBase64() };
  }
}

/** Blocks of the stream as they are, without the start and what the reader has. */
function eventsAfter(events: Uint8Array, after: number): string {
  const blocks = new TextDecoder().decode(events).split('\n\n').slice(0, -1);
  const fresh = blocks.filter((block) => {
    const seq = /^id: (\d+)$/m.exec(block)?.[1];
    return seq === undefined ? !/^event: start$/m.test(block) : Number(seq) > after;
  });
  return fresh.map((block) => `${block}\n\n`).join('');
}
