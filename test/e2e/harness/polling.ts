// The polling dialect as a client of it speaks: it goes on from the last chunk's seq.
import { expect, onTestFinished } from 'vitest';
import { api } from './api.ts';
import { until } from './until.ts';

export interface OutputAnswer {
  chunks: { stream: 'stdout' | 'stderr'; data_b64: string; seq: number }[];
  exit_code: number | null;
  session_alive: boolean;
  truncated: boolean;
  lost_bytes: number;
}

export interface Read {
  stdout: Buffer;
  stderr: Buffer;
  /** The last answer. */
  last: OutputAnswer;
}

/** The dialect is spoken under both. */
export const BASES = ['/api/sdk', '/api/connectors'] as const;

export const encode = (text: string) => Buffer.from(text).toString('base64');

/** Starts a process, which ends with its test; its `session_id`. */
export async function start(command: string, base: string = BASES[0]): Promise<string> {
  const call = { tool: 'exec_command', arguments: { command } };
  const answer = await api<{ structuredContent: { session_id: string } }>(
    'POST',
    `${base}/envs/default/tool/call`,
    call,
  );
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const { session_id: id } = answer.body.structuredContent;
  onTestFinished(async () => {
    await api('POST', `${base}/processes/${id}/terminate`, {});
  });
  return id;
}

export async function poll(id: string, since: number | string = 0): Promise<OutputAnswer> {
  const { status, body } = await api<OutputAnswer>('GET', `/api/sdk/processes/${id}/output?since=${since}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

/** Polls from page to page until an answer is such that `isLast`: by default, until nothing more will come. */
export async function read(
  id: string,
  isLast = (answer: OutputAnswer, _stdout: string): boolean => !answer.session_alive,
): Promise<Read> {
  const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const joined = (stream: 'stdout' | 'stderr') => Buffer.concat(parts[stream]);
  let since = 0;
  const last = await until(async () => {
    const answer = await poll(id, since);
    for (const { stream, data_b64, seq } of answer.chunks) {
      expect(seq).toBeGreaterThan(since);
      since = seq;
      parts[stream].push(Buffer.from(data_b64, 'base64'));
    }
    return isLast(answer, joined('stdout').toString()) && answer;
  });
  return { stdout: joined('stdout'), stderr: joined('stderr'), last };
}
