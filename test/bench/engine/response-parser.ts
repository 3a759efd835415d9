// Reads HTTP/1.1 responses from bytes cut anywhere, one after the other. As small as it can be, so that what is
// measured is the engine and not a client; it knows what the engine and the local front send, and nothing else.

type Part = 'head' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close';

export interface ResponseHandlers {
  onHead(status: number): void;
  onBytes(bytes: Buffer): void;
  /** `keeps`: the connection can take another request. */
  onEnd(keeps: boolean): void;
}

const CRLF = Buffer.from('\r\n');
const BLANK = Buffer.from('\r\n\r\n');

export class ResponseParser {
  readonly #to: ResponseHandlers;
  #part: Part = 'head';
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;
  #keeps = true;

  constructor(to: ResponseHandlers) {
    this.#to = to;
  }

  feed(bytes: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    for (;;) {
      const taken = this.#take(data);
      if (taken < 0) break;
      data = data.subarray(taken);
    }
    this.#rest = data;
  }

  /** The connection was closed: the end of a body that has no other. */
  close(): void {
    if (this.#part === 'until-close') this.#end();
  }

  /** How many bytes it took; -1 where it needs more. */
  #take(data: Buffer): number {
    switch (this.#part) {
      case 'head':
        return this.#head(data);
      case 'chunk-size':
        return this.#line(data, (text) => {
          this.#left = Number.parseInt(text, 16);
          this.#part = this.#left === 0 ? 'trailer' : 'chunk';
        });
      case 'chunk-end':
        return this.#line(data, () => {
          this.#part = 'chunk-size';
        });
      case 'trailer':
        return this.#line(data, (text) => text === '' && this.#end());
      default:
        return this.#body(data);
    }
  }

  #head(data: Buffer): number {
    const end = data.indexOf(BLANK);
    if (end < 0) return -1;
    const text = data.toString('latin1', 0, end);
    const status = Number(text.slice(9, 12));
    const field = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(text)?.[1]?.trim();
    this.#keeps = field('connection')?.toLowerCase() !== 'close';
    const length = field('content-length');
    this.#to.onHead(status);
    if (status === 204 || length === '0') this.#end();
    else if (length !== undefined) [this.#part, this.#left] = ['sized', Number(length)];
    else this.#part = field('transfer-encoding') === 'chunked' ? 'chunk-size' : 'until-close';
    return end + BLANK.length;
  }

  #line(data: Buffer, then: (text: string) => void): number {
    const end = data.indexOf(CRLF);
    if (end < 0) return -1;
    then(data.toString('latin1', 0, end));
    return end + CRLF.length;
  }

  #body(data: Buffer): number {
    if (data.length === 0) return -1;
    if (this.#part === 'until-close') {
      this.#to.onBytes(data);
      return data.length;
    }
    const size = Math.min(this.#left, data.length);
    this.#left -= size;
    this.#to.onBytes(size === data.length ? data : data.subarray(0, size));
    if (this.#left === 0) {
      if (this.#part === 'sized') this.#end();
      else this.#part = 'chunk-end';
    }
    return size;
  }

  #end(): void {
    this.#part = 'head';
    this.#to.onEnd(this.#keeps);
  }
}
