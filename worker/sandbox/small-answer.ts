// Answers that fit in memory are read before they are handed on: one that is cut off then is no answer yet.

const SMALL_BYTES = 256 * 1024;

/** The same answer, in memory; undefined where it does not say that it is small. Throws what reading it throws. */
export async function inOnePiece(answer: Response): Promise<Response | undefined> {
  const { headers } = answer;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const isSmall = length > 0 && length <= SMALL_BYTES && answer.body && !headers.has('content-encoding');
  return isSmall ? new Response(await answer.arrayBuffer(), answer) : undefined;
}
