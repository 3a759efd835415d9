// A command's event stream, read by hand: frames from the bytes, bytes from the frames.

import { expect } from 'vitest';
import { type CommandEvent, decodeEvents } from '#protocol';
import { type CallOptions, request } from './api.ts';

type End = Extract<CommandEvent, { type: 'exit' | 'error' }>;

export interface Collected {
  start: Extract<CommandEvent, { type: 'start' }> | undefined;
  stdout: Buffer;
  stderr: Buffer;
  /** Of the last output event; 0 where there was none. */
  lastSeq: number;
  /** Absent where the stream was cut. */
  end: End | undefined;
}

/** A stream of an exec, as it arrives. The command starts whether or not anyone reads on. */
export async function stream(
  session: string,
  body: Record<string, unknown>,
  options: CallOptions = {},
): Promise<AsyncGenerator<CommandEvent>> {
  return events(
    await request('POST', `/sessions/${session}/exec`, body, {
      ...options,
      headers: { accept: 'text/event-stream', ...options.headers },
    }),
  );
}

/** A command's stream from the one after `after`. */
export async function replay(commandId: string, after = 0, options: CallOptions = {}) {
  return events(await request('GET', `/commands/${commandId}/events?after=${after}`, undefined, options));
}

export async function events(response: Response): Promise<AsyncGenerator<CommandEvent>> {
  if (response.status !== 200) expect.fail(`${response.status} ${await response.text()}`);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  return decodeEvents(response.body!);
}

/** Bytes of one output event. */
export function bytesOf(event: CommandEvent): Buffer {
  if (event.type !== 'stdout' && event.type !== 'stderr') return Buffer.alloc(0);
  return 'data' in event ? Buffer.from(event.data) : Buffer.from(event.dataBase64, 'base64');
}

/**
 * Reads to the end, holding the stream to its rules: `seq` rises, one `start` at the front at
 * most, one `exit` or `error` at the end, nothing after it.
 */
export async function collect(stream: AsyncIterable<CommandEvent>): Promise<Collected> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const seen: Omit<Collected, 'stdout' | 'stderr'> = { start: undefined, lastSeq: 0, end: undefined };
  for await (const event of stream) {
    if (seen.end !== undefined) expect.fail(`an event after the last: ${JSON.stringify(event)}`);
    if (event.type === 'start') {
      if (seen.start !== undefined || seen.lastSeq > 0) expect.fail('start is not the first event');
      seen.start = event;
    } else if (event.type === 'exit' || event.type === 'error') {
      seen.end = event;
    } else {
      if (!(event.seq > seen.lastSeq)) expect.fail(`seq ${event.seq} after ${seen.lastSeq}`);
      seen.lastSeq = event.seq;
      (event.type === 'stdout' ? stdout : stderr).push(bytesOf(event));
    }
  }
  return { ...seen, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}
