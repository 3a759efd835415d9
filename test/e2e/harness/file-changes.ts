// What a watch tells, as it comes.
import { createParser } from 'eventsource-parser';
import { expect, onTestFinished } from 'vitest';
import type { FileEvent } from '#protocol';
import { request } from './api.ts';
import { filesPath } from './files.ts';
import { until } from './until.ts';

export class FileChanges {
  readonly events: FileEvent[] = [];
  ended = false;
  readonly #leaving = new AbortController();

  /** Watched once this resolves; left with the test. */
  static async of(
    path: string,
    query: Record<string, string | string[] | boolean> = {},
  ): Promise<FileChanges> {
    const changes = new FileChanges();
    const { signal } = changes.#leaving;
    const response = await request('GET', filesPath('/watch', { path, ...query }), undefined, { signal });
    if (response.status !== 200) expect.fail(`${response.status} ${await response.text()}`);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    onTestFinished(() => changes.leave());
    void changes.#read(response.body!);
    await until(async () => changes.events[0]?.type === 'watching');
    return changes;
  }

  leave(): void {
    this.#leaving.abort();
  }

  /** Each as a line, `create /a/b`, from the folder on; until `last` is among them. */
  async upTo(last: string, folder: string): Promise<string[]> {
    return await until(async () => {
      const lines = this.lines(folder);
      return lines.includes(last) && lines;
    }).catch((error) => {
      throw new Error(`${error.message}\n${this.lines(folder).slice(0, 50).join('\n')}`);
    });
  }

  lines(folder: string): string[] {
    const short = (path: string) => path.replace(`${folder}/`, '');
    return this.events.slice(1).map((event) => {
      if (event.type === 'move') return `move ${short(event.oldPath)} ${short(event.path)}`;
      return 'path' in event
        ? `${event.type} ${short(event.path)}${'isDirectory' in event && event.isDirectory ? '/' : ''}`
        : event.type;
    });
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const text = new TextDecoder();
    const parser = createParser({ onEvent: ({ data }) => this.events.push(JSON.parse(data)) });
    try {
      for await (const chunk of body) parser.feed(text.decode(chunk, { stream: true }));
    } catch (error) {
      if (!this.#leaving.signal.aborted) throw error;
    }
    this.ended = true;
  }
}
