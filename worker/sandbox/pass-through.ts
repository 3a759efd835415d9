// Hands an engine's answer on: the bytes untouched, the end seen once, whoever brings it about.

/**
 * The same response, whose body tells when it is over: read to its end, broken off by the engine, or
 * cancelled by the client (which closes the connection to the engine as well).
 */
export function passThrough(response: Response, onEnd: () => void): Response {
  const { body, headers } = response;
  const length = headers.get('content-length');
  if (!body || length === '0') {
    onEnd();
    return empty(response);
  }
  const { readable, writable } = pipeFor(length, headers.has('content-encoding'));
  body.pipeTo(writable).then(onEnd, onEnd);
  return new Response(readable, response);
}

/**
 * "Content-Length: 0" must stay: an empty stream would be sent in chunks, and what has no type is
 * compressed on the way, which makes chunks as well.
 */
function empty(response: Response): Response {
  const copy = new Response(null, response);
  if (copy.status === 200 && !copy.headers.has('content-type')) {
    copy.headers.set('content-type', 'application/octet-stream');
  }
  return copy;
}

/** A stream of known length keeps its Content-Length on the way. */
function pipeFor(length: string | null, encoded: boolean): IdentityTransformStream {
  return length === null || encoded ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
}
