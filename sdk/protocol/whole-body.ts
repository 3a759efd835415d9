// How a body that is cut on its way is told from one that is whole. A proxy may end what it passes on as if it were
// complete (workerd does), so either its length goes along, or it ends with a mark that nobody writes by chance.

/** Bytes of the body, told by who knew its `Content-Length`. */
export const BODY_LENGTH_HEADER = 'x-holdfast-body-length';

/** The mark, in ASCII, with which the body ends and which is no part of it. */
export const BODY_END_HEADER = 'x-holdfast-body-end';

/** A mark for one body. */
export function bodyMark(): string {
  return crypto.randomUUID();
}

/** The stream with the mark behind it, once its source ended by itself. */
export function withBodyMark(
  body: ReadableStream<Uint8Array>,
  mark: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return (body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(
    new TransformStream({
      flush: (controller) => controller.enqueue(new TextEncoder().encode(mark) as Uint8Array<ArrayBuffer>),
    }),
  );
}
