// Answers that fit in memory are read before they are handed on: one that is cut off then is no answer yet.

const SMALL_BYTES = 256 * 1024;

/** The same answer, whole if it says that it is small. Throws what reading it throws. */
export async function inOnePiece(answer: Response): Promise<Response> {
  const length = Number(answer.headers.get('content-length') ?? Number.NaN);
  if (!answer.body || !(length > 0 && length <= SMALL_BYTES) || answer.headers.has('content-encoding')) {
    return answer;
  }
  return new Response(await answer.arrayBuffer(), answer);
}
