// Hands on an answer that takes long, and goes on with it where the engine broke it off: the client gets one whole
// answer and does not learn that it came over several connections.

/** One kind of answer: what of it is passed on, and how it is gone on with. */
export interface Resumable {
  /** Takes what arrived, and returns what of it is passed on. */
  take(chunk: Uint8Array): Uint8Array | undefined;
  /** Whether nothing is missing. `ended`: the body came to an end of its own. */
  isWhole(ended: boolean): boolean;
  /** Where it goes on, or what it ends with instead. What it throws breaks the answer off. */
  goOn(): Promise<{ body: ReadableStream<Uint8Array> } | { last: Uint8Array }>;
}

const READ_BYTES = 64 * 1024;

/** `onEnd` is called once, when the answer is over or its client has gone. */
export function resumed(
  first: Response,
  answer: Resumable,
  signal: AbortSignal,
  onEnd: () => void,
): Response {
  const { readable, writable } = new IdentityTransformStream();
  pump(first.body!, writable.getWriter(), answer, signal).then(onEnd, onEnd);
  return new Response(readable, first);
}

async function pump(
  first: ReadableStream<Uint8Array>,
  out: WritableStreamDefaultWriter<Uint8Array>,
  answer: Resumable,
  signal: AbortSignal,
): Promise<void> {
  let reader: ReadableStreamBYOBReader | undefined;
  let left = false;
  // A client who leaves while nothing is written to it is told by this alone, where the signal does not.
  out.closed.catch((reason) => {
    left = true;
    reader?.cancel(reason).catch(ignoreAsItIsOver);
  });
  try {
    for (let body = first; ; ) {
      reader = body.getReader({ mode: 'byob' });
      const ended = await passOn(reader, out, answer);
      if (answer.isWhole(ended)) break;
      if (left || signal.aborted) throw new Error('the client has gone');
      const next = await answer.goOn();
      if ('last' in next) {
        await out.write(next.last);
        break;
      }
      body = next.body;
      if (left) await body.cancel();
    }
    await out.close();
  } catch (error) {
    await out.abort(error).catch(ignoreAsItIsOver);
  }
}

/** Whether the body came to its end. Throws when the client has gone, and leaves the engine then. */
async function passOn(
  reader: ReadableStreamBYOBReader,
  out: WritableStreamDefaultWriter<Uint8Array>,
  answer: Resumable,
): Promise<boolean> {
  for (let memory = new ArrayBuffer(READ_BYTES); ; ) {
    const read = await reader.readAtLeast(1, new Uint8Array(memory)).catch(() => undefined);
    if (!read) return false;
    if (read.done) return true;
    const passed = answer.take(read.value);
    try {
      if (passed && passed.length > 0) await out.write(passed);
    } catch (error) {
      await reader.cancel(error).catch(ignoreAsItIsOver);
      throw error;
    }
    memory = read.value.buffer as ArrayBuffer;
  }
}

/** The stream's other side ended first, which is why we end ours. */
function ignoreAsItIsOver(): void {}
