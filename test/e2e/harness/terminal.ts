// A terminal as a viewer sees it, over a plain WebSocket: its bytes, its messages, its screen.
import { once } from 'node:events';
import { Terminal as Screen } from '@xterm/headless';
import { expect } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import type { CreateTerminalRequest, TerminalInfo, TerminalMessage } from '#protocol';
import { api, target } from './api.ts';
import { until } from './until.ts';

/** Where a terminal is reached: the target's sandbox, or an engine of the test's own. */
export interface Place {
  url: string;
  headers: Record<string, string>;
}

export class TestViewer {
  readonly socket: WebSocket;
  readonly messages: TerminalMessage[] = [];
  readonly chunks: Buffer[] = [];
  readonly closed: Promise<number>;
  readonly #screen: Screen;
  #drawn = 0;

  private constructor(socket: WebSocket, cols: number, rows: number) {
    this.socket = socket;
    this.#screen = new Screen({ cols, rows, allowProposedApi: true });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) this.chunks.push(data as Buffer);
      else this.messages.push(JSON.parse(String(data)));
    });
    this.closed = once(socket, 'close').then(([code]) => code as number);
  }

  /** Resolves when it was told that it is ready. */
  static async open(
    id: string,
    query: Record<string, string | number> = {},
    place: Place = target,
  ): Promise<TestViewer> {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    const socket = new WebSocket(`${place.url}/terminals/${id}?${search}`.replace(/^http/, 'ws'), {
      headers: place.headers,
      perMessageDeflate: false,
    });
    const viewer = new TestViewer(socket, Number(query.cols ?? 80), Number(query.rows ?? 24));
    await once(socket, 'open');
    await until(async () => viewer.messages.length > 0);
    return viewer;
  }

  get ready(): Extract<TerminalMessage, { type: 'ready' }> {
    return this.messages[0] as Extract<TerminalMessage, { type: 'ready' }>;
  }

  get exit(): Extract<TerminalMessage, { type: 'exit' }> | undefined {
    return this.messages.find((message) => message.type === 'exit');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  /** Offset behind the last byte that came. */
  get offset(): number {
    return this.ready.offset + this.bytes.length;
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text));
  }

  control(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** As a user does who makes the window larger or smaller. */
  resizeTo(cols: number, rows: number): void {
    this.#screen.resize(cols, rows);
    this.control({ type: 'resize', cols, rows });
  }

  /** Until that is in what came. */
  async sees(text: string | RegExp): Promise<void> {
    const found = () => (typeof text === 'string' ? this.text.includes(text) : text.test(this.text));
    await until(async () => found()).catch(() =>
      expect.fail(`no ${text} in ${JSON.stringify(this.text.slice(-2_000))}`),
    );
  }

  async told(type: TerminalMessage['type']): Promise<TerminalMessage> {
    return until(async () => this.messages.find((message) => message.type === type), 20_000);
  }

  /** What the user of an xterm would see now. */
  async screen(): Promise<string> {
    for (; this.#drawn < this.chunks.length; this.#drawn += 1) {
      const chunk = this.chunks[this.#drawn]!;
      await new Promise<void>((drawn) => this.#screen.write(chunk, drawn));
    }
    const { active } = this.#screen.buffer;
    const lines = Array.from({ length: this.#screen.rows }, (_, row) =>
      active.getLine(active.baseY + row)?.translateToString(true),
    );
    return lines.join('\n');
  }

  async shows(text: string | RegExp): Promise<void> {
    let last = '';
    await until(async () => {
      last = await this.screen();
      return typeof text === 'string' ? last.includes(text) : text.test(last);
    }, 20_000).catch(() => expect.fail(`no ${text} on the screen:\n${last}`));
  }

  /** The connection is torn: nobody says goodbye. */
  cut(): void {
    this.socket.terminate();
  }

  async leave(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

/** Without the start-up files of who runs the tests. */
export const PLAIN = { HOME: '/' };

/** Makes one; it ends with its session. */
export async function createTerminal(request: CreateTerminalRequest): Promise<TerminalInfo> {
  const env = { ...PLAIN, ...request.env };
  const answer = await api<TerminalInfo>('POST', '/terminals', { ...request, env });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

export async function terminalInfo(id: string): Promise<TerminalInfo> {
  return (await api<TerminalInfo>('GET', `/terminals/${id}`)).body;
}

/** Asks for an upgrade that is refused. */
export async function refusedUpgrade(
  path: string,
  { url, headers }: Place = target,
): Promise<{ status: number; body: string; headers: Record<string, string | string[] | undefined> }> {
  const socket = new WebSocket(`${url}${path}`.replace(/^http/, 'ws'), { headers });
  socket.on('error', () => {});
  const [, answer] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, body, headers: answer.headers };
}
