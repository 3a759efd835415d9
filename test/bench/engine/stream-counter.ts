// Counts the bytes of output in a command's event stream, at the cost of parsing each event's JSON once.
const NEWLINE = 10;
const OUTPUT = Buffer.from('data: {"data":');

export class StreamCounter {
  bytes = 0;
  #rest: Buffer[] = [];

  feed(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      this.#line(chunk.subarray(from, end));
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
  }

  #line(end: Buffer): void {
    const line = this.#rest.length > 0 ? Buffer.concat([...this.#rest, end]) : end;
    this.#rest = [];
    if (line.length < OUTPUT.length || line.compare(OUTPUT, 0, OUTPUT.length, 0, OUTPUT.length) !== 0) return;
    const { data } = JSON.parse(line.toString('utf8', 6)) as { data: string };
    this.bytes += Buffer.byteLength(data);
  }
}
