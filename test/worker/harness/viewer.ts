// A terminal's viewer inside workerd: what comes over the WebSocket that the Worker answered with.
import type { TerminalMessage } from '#protocol';
import { until } from './until.ts';

export class Viewer {
  readonly messages: TerminalMessage[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #text = '';

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.messages.push(JSON.parse(data));
      else this.#text += new TextDecoder().decode(data as ArrayBuffer);
    });
    this.closed = new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
    socket.accept();
  }

  get text(): string {
    return this.#text;
  }

  type(text: string): void {
    this.#socket.send(new TextEncoder().encode(text));
  }

  control(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  async sees(text: string): Promise<void> {
    await until(`${text} comes`, async () => this.#text.includes(text));
  }

  leave(): void {
    this.#socket.close(1000);
  }
}
