// Server-sent events, encoded (WHATWG HTML, section 9.2). JSON never holds a bare newline,
// so every event's data is one line.

/**
 * One event as text.
 *
 * @example
 * encodeEvent('stdout', { data: 'hi\n' }, 1); // 'id: 1\nevent: stdout\ndata: {"data":"hi\\n"}\n\n'
 */
export function encodeEvent(event: string, data: unknown, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A comment: keeps proxies from cutting a silent stream, and is ignored by every reader. */
export const SSE_COMMENT = ':\n\n';

export const SSE_CONTENT_TYPE = 'text/event-stream';
