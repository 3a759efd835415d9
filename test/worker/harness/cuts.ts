// Breaks connections between a Durable Object and its engine, at places that a test chooses.
import { runInDurableObject } from 'cloudflare:test';
import { HoldfastError } from '#protocol';
import { stubOf, type TestSandbox } from './generations.ts';

/** What happens to one call: nothing, or it does not arrive, its answer does not, the engine drains, or only so many bytes of its body arrive. */
export type Cut = 'pass' | 'before' | 'answer' | 'drain' | { afterBytes: number; cleanly?: boolean };

/**
 * Lets the next calls whose `METHOD path` matches meet these cuts, one each; then all pass again.
 * Returns how many calls matched so far.
 */
export async function cut(sandbox: TestSandbox, what: RegExp, cuts: Cut[]): Promise<() => number> {
  let matched = 0;
  const left = [...cuts];
  await runInDurableObject(stubOf(sandbox), (_, ctx) => {
    const container = ctx.container!;
    const real = container.getTcpPort.bind(container);
    container.getTcpPort = (port) => {
      const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
        const { pathname } = new URL(String(input));
        if (!what.test(`${init?.method ?? 'GET'} ${pathname}`)) return real(port).fetch(input, init);
        matched += 1;
        const kind = left.shift();
        if (kind === 'before') throw new Error('the container is not listening');
        if (kind === 'drain') {
          container.signal(15);
          const error = new HoldfastError(
            'CONTAINER_UNAVAILABLE',
            'the container of this sandbox is stopping',
          );
          return Response.json(error.toBody(), { status: 503 });
        }
        const answer = await real(port).fetch(input, init);
        if (kind === undefined || kind === 'pass') return answer;
        if (kind !== 'answer') return new Response(cutBody(answer.body!, kind), answer);
        await answer.body?.cancel();
        throw new Error('Network connection lost.');
      };
      return { fetch } as unknown as Fetcher;
    };
  });
  return () => matched;
}

function cutBody(
  body: ReadableStream<Uint8Array>,
  { afterBytes, cleanly = false }: { afterBytes: number; cleanly?: boolean },
): ReadableStream {
  let left = afterBytes;
  const reader = body.getReader();
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const { done, value } = await reader.read();
      const chunk = value?.slice(0, left);
      left -= chunk?.length ?? 0;
      if (chunk && chunk.length > 0) controller.enqueue(chunk);
      if (!done && left > 0) return;
      if (!done) await reader.cancel();
      if (done || cleanly) controller.close();
      else controller.error(new Error('Network connection lost.'));
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
