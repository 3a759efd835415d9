// A reader who leaves a stream: the connection closes, nothing is tried again.
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { connectEngine } from '../../sdk/index.ts';
import { collect, rejection } from './harness/collect.ts';
import { encoded, START } from './harness/recorded-command.ts';
import { serve } from './harness/serve.ts';

/** A server whose commands say `start` and then nothing, and a promise of a client's departure. */
async function endless() {
  const departed = Promise.withResolvers<void>();
  const server = await serve((res: ServerResponse) => {
    res.on('close', departed.resolve);
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(encoded(START));
  });
  return { ...server, departed: departed.promise };
}

test('leaving the loop closes the connection', async () => {
  const { url, asked, departed } = await endless();
  for await (const event of connectEngine(url).execStream('sleep 60')) {
    expect(event.type).toBe('start');
    break;
  }
  await departed;
  expect(asked).toHaveLength(1);
});

test('an aborted signal ends the wait for the next event with its reason, and closes the connection', async () => {
  const { url, asked, departed } = await endless();
  const leaving = new AbortController();
  const stream = connectEngine(url).execStream('sleep 60', { signal: leaving.signal });
  expect((await stream.next()).value).toEqual(START);
  const waiting = stream.next();
  leaving.abort(new Error('enough'));
  expect(await rejection(waiting)).toHaveProperty('message', 'enough');
  await departed;
  expect(asked).toHaveLength(1);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('the abort works too where fetch ignores the signal', async () => {
  const { url, departed } = await endless();
  const leaving = new AbortController();
  const deaf = (input: string, { signal: _, ...init }: RequestInit = {}) => fetch(input, init);
  const stream = connectEngine(url, { fetch: deaf }).execStream('sleep 60', { signal: leaving.signal });
  await stream.next();
  const waiting = stream.next();
  leaving.abort(new Error('enough'));
  expect(await rejection(waiting)).toHaveProperty('message', 'enough');
  await departed;
});

test('a signal that was aborted before sends nothing', async () => {
  const { url, asked } = await endless();
  const stream = connectEngine(url).execStream('x', { signal: AbortSignal.abort(new Error('early')) });
  expect(await rejection(collect(stream))).toHaveProperty('message', 'early');
  expect(asked).toHaveLength(0);
});

test('nothing is sent before the first step of the iteration', async () => {
  const { url, asked } = await endless();
  const stream = connectEngine(url).execStream('x');
  await stream.return();
  expect(asked).toHaveLength(0);
});

test('what a reader throws inside its loop is its own', async () => {
  const { url, departed } = await endless();
  const own = new Error('mine');
  const reading = (async () => {
    for await (const _ of connectEngine(url).execStream('x')) throw own;
  })();
  expect(await rejection(reading)).toBe(own);
  await departed;
});
