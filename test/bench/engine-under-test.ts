// The engine as a process of its own, called over HTTP with connections kept alive.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { decodeEvents, type ExecResult } from '#protocol';

const EXEC = '/sessions/default/exec';

export async function startEngine() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const main = fileURLToPath(new URL('../../container/engine/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, PORT: '0', HOLDFAST_STATE_DIR: join(folder, 'state'), HOLDFAST_WORKDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { port } = (JSON.parse(line) as { listening: { port: number } }).listening;
  const agent = new Agent({ keepAlive: true });

  const open = (method: string, path: string, body?: unknown, accept = 'application/json') =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({ port, method, path, agent, headers: { accept } }, resolve);
      call.once('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const sizeOf = async (message: IncomingMessage) => {
    let size = 0;
    for await (const chunk of message as AsyncIterable<Buffer>) size += chunk.length;
    return size;
  };
  const call = async (method: string, path: string, body?: unknown) => {
    const chunks: Buffer[] = [];
    for await (const chunk of await open(method, path, body)) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  };
  const exec = (command: string) => call('POST', EXEC, { command }) as Promise<ExecResult>;

  return {
    call,
    exec,
    /** Until the first byte of output has come; the rest is read as well. */
    async firstByte(command: string): Promise<void> {
      const message = await open('POST', EXEC, { command }, 'text/event-stream');
      await new Promise<void>((resolve) => {
        message.on('data', (chunk: Buffer) => chunk.includes('event: stdout') && resolve());
      });
      message.resume();
    },
    async outputAsJson(command: string): Promise<number> {
      return (await exec(command)).stdoutBytes;
    },
    async outputRaw(command: string): Promise<number> {
      const { id } = await exec(command);
      return sizeOf(await open('GET', `/commands/${id}/output/stdout`));
    },
    async outputStreamed(command: string): Promise<number> {
      const message = await open('POST', EXEC, { command }, 'text/event-stream');
      let size = 0;
      for await (const event of decodeEvents(Readable.toWeb(message) as ReadableStream<Uint8Array>)) {
        if (event.type === 'stdout' && 'data' in event) size += event.data.length;
      }
      return size;
    },
    async stop(): Promise<void> {
      agent.destroy();
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
