// A process as a test speaks to it, and its output read page by page under the rules of a poll.
import { expect } from 'vitest';
import { OutputPage, ProcessInfo, type StartProcessRequest } from '#protocol';
import { type Answer, api, request } from './api.ts';
import type { TestSession } from './session.ts';

export type StartOptions = Partial<Omit<StartProcessRequest, 'command' | 'session'>>;
export type PageOptions = { since?: number; waitMs?: number; maxBytes?: number; maxOutputBytes?: number };

export interface ReadOutput {
  stdout: Buffer;
  stderr: Buffer;
  lostBytes: number;
  exitCode: number | null;
}

export class TestProcess {
  readonly id: string;
  readonly pid: number;

  constructor({ id, pid }: ProcessInfo) {
    this.id = id;
    this.pid = pid!;
  }

  async info(): Promise<ProcessInfo> {
    const answer = await api('GET', `/processes/${this.id}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return ProcessInfo.parse(answer.body);
  }

  page(options: PageOptions = {}): Promise<OutputPage> {
    return readPage(`/processes/${this.id}/output`, options);
  }

  /** All output to the end. */
  read(since = 0): Promise<ReadOutput> {
    return readAll(`/processes/${this.id}/output`, since);
  }

  /** Reads on until stdout and stderr together hold `text`; answers what came, and where it ended. */
  async readUntil(text: string, since = 0): Promise<{ text: string; since: number }> {
    let seen = '';
    for (let next = since; ; ) {
      const page = await this.page({ since: next, waitMs: 10_000 });
      next = page.nextSeq;
      seen += page.chunks.map((chunk) => chunkBytes(chunk).toString()).join('');
      if (seen.includes(text)) return { text: seen, since: next };
      if (!page.alive || page.chunks.length === 0) expect.fail(`no ${JSON.stringify(text)} in ${seen}`);
    }
  }

  /** How it ended, once nothing more will come. */
  async end(): Promise<ProcessInfo> {
    for (let since = 0; ; ) {
      const page = await this.page({ since, waitMs: 20_000, maxBytes: 8_000_000 });
      if (!page.alive) return this.info();
      since = page.nextSeq;
    }
  }

  async write(data: string): Promise<void> {
    expect((await this.stdin({ data })).status).toBe(204);
  }

  async closeStdin(): Promise<void> {
    expect((await this.stdin({ eof: true })).status).toBe(204);
  }

  stdin(body: object): Promise<Answer> {
    return api('POST', `/processes/${this.id}/stdin`, body);
  }

  /** Raw bytes. */
  pour(bytes: Uint8Array): Promise<Response> {
    return request('POST', `/processes/${this.id}/stdin`, bytes, {
      headers: { 'content-type': 'application/octet-stream' },
    });
  }

  async signal(signal: string | number): Promise<void> {
    expect((await api('POST', `/processes/${this.id}/signal`, { signal })).status).toBe(204);
  }

  async terminate(graceMs?: number): Promise<ProcessInfo> {
    const answer = await api('POST', `/processes/${this.id}/terminate`, { graceMs });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return ProcessInfo.parse(answer.body);
  }

  delete(): Promise<Answer> {
    return api('DELETE', `/processes/${this.id}`);
  }
}

/**
 * Starts one in a session, with which it ends.
 *
 * @example
 * const cat = await startProcess(session, 'cat', { stdinOpen: true });
 */
export async function startProcess(
  session: TestSession,
  command: string,
  options: StartOptions = {},
): Promise<TestProcess> {
  const answer = await api('POST', '/processes', { command, session: session.id, ...options });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return new TestProcess(ProcessInfo.parse(answer.body));
}

export async function readPage(path: string, options: PageOptions): Promise<OutputPage> {
  const query = new URLSearchParams(Object.entries(options).map(([name, value]) => [name, String(value)]));
  const answer = await api('GET', `${path}?${query}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return OutputPage.parse(answer.body);
}

/** Page by page to the end: seqs rise, `nextSeq` is that of the last chunk. */
export async function readAll(path: string, since = 0, maxBytes = 1_000_000): Promise<ReadOutput> {
  const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let lostBytes = 0;
  for (let next = since; ; ) {
    const page = await readPage(path, { since: next, waitMs: 20_000, maxBytes });
    for (const chunk of page.chunks) {
      if (chunk.seq <= next) expect.fail(`seq ${chunk.seq} after ${next}`);
      next = chunk.seq;
      streams[chunk.stream].push(chunkBytes(chunk));
    }
    expect(page.nextSeq).toBeGreaterThanOrEqual(next);
    next = page.nextSeq;
    lostBytes += page.lostBytes;
    if (!page.alive) {
      const { exitCode } = page;
      return {
        stdout: Buffer.concat(streams.stdout),
        stderr: Buffer.concat(streams.stderr),
        lostBytes,
        exitCode,
      };
    }
  }
}

export function chunkBytes({ data, dataBase64 }: OutputPage['chunks'][number]): Buffer {
  return data === undefined ? Buffer.from(dataBase64!, 'base64') : Buffer.from(data);
}
