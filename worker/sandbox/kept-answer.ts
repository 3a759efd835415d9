// Answers about a small command whose container is gone, made from the events that were kept of it.
import { type CommandEvent, decodeEvents, type ExecResult, encodeEvent, SSE_CONTENT_TYPE } from '#protocol';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const NO_CACHE = { 'content-type': SSE_CONTENT_TYPE, 'cache-control': 'no-cache' };

/** The whole stream. */
export function allKeptEvents(events: Uint8Array<ArrayBuffer>): Response {
  return new Response(events, { headers: NO_CACHE });
}

/** The stream from behind that seq; undefined where that is not known to the byte. */
export function keptEvents(events: Uint8Array<ArrayBuffer>, after: number): Response | undefined {
  if (after === 0) return allKeptEvents(events);
  const rest = eventsAfter(events, after);
  return rest === undefined ? undefined : new Response(rest, { headers: NO_CACHE });
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

function inline(name: string, bytes: Uint8Array): Record<string, string> {
  try {
    return { [name]: decoder.decode(bytes) };
  } catch {
    return { [name]: new TextDecoder().decode(bytes), [`${name}Base64`]: bytes.toBase64() };
  }
}

/** Blocks of the stream as they are, without the start and what the reader has. */
function eventsAfter(events: Uint8Array, after: number): string | undefined {
  const passed: string[] = [];
  let before = 0;
  for (const block of new TextDecoder().decode(events).split('\n\n').slice(0, -1)) {
    const last = Number(/^id: (\d+)$/m.exec(block)?.[1] ?? 0);
    const isNew = last > after || (last === 0 && !/^event: start$/m.test(block));
    if (isNew) {
      const rest =
        last > 0 && before < after ? linesAfter(block, after - before, last - before) : `${block}\n\n`;
      if (rest === undefined) return undefined;
      passed.push(rest);
    }
    before = Math.max(before, last);
  }
  return passed.join('');
}

/** An event without its first lines. Undefined where a line was written in pieces: its seqs are not those of lines. */
function linesAfter(block: string, skipped: number, lines: number): string | undefined {
  const [, seq, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block)!;
  const bytes = outputOf(
    [{ type: event as 'stdout', seq: Number(seq), ...JSON.parse(data!) }],
    event as 'stdout',
  );
  const starts = [0];
  for (let at = bytes.indexOf(NEWLINE) + 1; at > 0; at = bytes.indexOf(NEWLINE, at) + 1) starts.push(at);
  if (starts.at(-1) === bytes.length) starts.pop();
  if (starts.length !== lines) return undefined;
  const { text, textBase64 } = inline('text', bytes.subarray(starts[skipped]));
  return encodeEvent(
    event!,
    textBase64 === undefined ? { data: text } : { dataBase64: textBase64 },
    Number(seq),
  );
}

const NEWLINE = 0x0a;
