// What terminals are for their user, the same over every way to them: these tests run against an engine, through a
// Worker, and inside workerd on the Durable Object. So nothing of Node is in here.
import { expect, test } from 'vitest';
import { errorCode, type Sandbox, type TerminalConnection } from '../../../sdk/index.ts';
import { rejection } from './collect.ts';

export function terminalBehaviour(sandboxOf: () => Sandbox): void {
  test('a terminal is made, typed into, resized, listed and deleted', async () => {
    const { terminals } = sandboxOf();
    const { id, cols, rows, state } = await terminals.create({ cols: 90, rows: 25, env: { HOME: '/' } });
    expect({ cols, rows, state }).toEqual({ cols: 90, rows: 25, state: 'running' });
    const terminal = await terminals.connect(id);
    const read = new Reader(terminal);
    terminal.write('echo size=$(stty size)\r');
    await read.until('size=25 90');
    terminal.resize(132, 43);
    terminal.write('echo size=$(stty size)\r');
    await read.until('size=43 132');
    terminal.write('sh -c \'echo go""ing; exec sleep 300\'; echo status=$?\r');
    await read.until('going\r\n');
    terminal.signal('TERM');
    await read.until('status=143');
    expect((await terminals.list()).find((one) => one.id === id)).toMatchObject({ viewers: 1, cols: 132 });
    terminal.write('exit 5\r');
    expect(await terminal.exited).toEqual({ exitCode: 5, signal: null });
    expect(await read.rest()).toContain('exit');
    expect(await terminals.get(id)).toMatchObject({ state: 'exited', exitCode: 5 });
    await terminals.delete(id);
    expect(errorCode(await rejection(terminals.get(id)))).toBe('TERMINAL_NOT_FOUND');
    expect(errorCode(await rejection(terminals.connect(id)))).toBe('TERMINAL_NOT_FOUND');
  });

  test('a connection that was closed is followed by one that goes on where it was', async () => {
    const { terminals } = sandboxOf();
    const { id } = await terminals.create({ command: 'echo one; read x; echo two; read x' });
    const first = await terminals.connect(id);
    const read = new Reader(first);
    await read.until('one\r\n');
    first.write('\r');
    first.close();
    expect(errorCode(await rejection(first.exited))).toBe('CONNECTION_FAILED');
    await read.rest();
    const second = await terminals.connect(id, { after: first.offset });
    const more = new Reader(second);
    await more.until('two\r\n');
    expect((read.text + more.text).match(/one|two/g)).toEqual(['one', 'two']);
    await terminals.delete(id);
    expect(await second.exited).toEqual({ exitCode: 137, signal: 'SIGKILL' });
  });

  test('an aborted signal ends the connection and not the terminal', async () => {
    const { terminals } = sandboxOf();
    const { id } = await terminals.create({ env: { HOME: '/' } });
    const leaving = new AbortController();
    const terminal = await terminals.connect(id, { signal: leaving.signal });
    const reading = new Reader(terminal).until('never');
    leaving.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await expect(terminal.exited).rejects.toThrow('enough');
    expect((await terminals.get(id)).state).toBe('running');
    await expect(terminals.connect(id, { signal: leaving.signal })).rejects.toThrow('enough');
    await terminals.delete(id);
  });

  test('who reads slowly gets all, and meanwhile the program waits', async () => {
    const { terminals } = sandboxOf();
    const lines = 250_000;
    const command = `stty raw; seq -f %07.0f ${lines}`;
    const { id } = await terminals.create({ command });
    const terminal = await terminals.connect(id);
    await expect.poll(async () => (await terminals.get(id)).bytes).toBeGreaterThan(400_000);
    const { bytes, state } = await terminals.get(id);
    expect(state).toBe('running');
    expect(bytes).toBeLessThan(1_100_000);
    const read = new Reader(terminal);
    const text = await read.rest();
    expect(text.length).toBe(lines * 8);
    expect(text.startsWith('0000001\n0000002\n')).toBe(true);
    expect(text.endsWith(`0${lines}\n`)).toBe(true);
    expect(terminal.lostBytes).toBe(0);
    expect(await terminal.exited).toEqual({ exitCode: 0, signal: null });
  });

  test('long input that comes back as output does not wait for itself', async () => {
    const { terminals } = sandboxOf();
    const { id } = await terminals.create({ command: 'stty raw -echo; echo go; head -c 4000000' });
    const terminal = await terminals.connect(id);
    const read = new Reader(terminal);
    await read.until('go\n');
    terminal.write(new Uint8Array(4_000_000).fill(97));
    expect((await read.rest()).length).toBe(4_000_003);
    expect(terminal.lostBytes).toBe(0);
  });

  test('long input goes in whole', async () => {
    const { terminals } = sandboxOf();
    const { id } = await terminals.create({ command: 'stty raw -echo; echo go; head -c 3000000 | cksum' });
    const terminal = await terminals.connect(id);
    const read = new Reader(terminal);
    await read.until('go');
    terminal.write(new Uint8Array(3_000_000).fill(97));
    const { stdout } = await sandboxOf().exec("head -c 3000000 /dev/zero | tr '\\0' a | cksum");
    await read.until(stdout.trim());
  });
}

/** Reads on as it is asked to. */
export class Reader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  text = '';

  constructor(terminal: TerminalConnection) {
    this.#iterator = terminal[Symbol.asyncIterator]();
  }

  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) {
      if (!(await this.#next())) throw new Error(`no ${wanted} in ${this.text.slice(-1_000)}`);
    }
  }

  async rest(): Promise<string> {
    while (await this.#next());
    return this.text;
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#iterator.next();
    if (done) return false;
    this.text += this.#decoder.decode(value, { stream: true });
    return true;
  }
}
