// Answers that fit in memory are read before they are handed on: one that is cut off then is no answer yet.

const SMALL_BYTES = 256 * 1024;

/** Whether the answer says that it is small. */
export function isSmall({ body, headers }: Response): boolean {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return body !== null && length > 0 && length <= SMALL_BYTES && !headers.has('content-encoding');
}

/** The same answer, whole if it says that it is small. Throws what reading it throws. */
export async function inOnePiece(answer: Response): Promise<Response> {
  return isSmall(answer) ? new Response(await answer.arrayBuffer(), answer) : answer;
}
