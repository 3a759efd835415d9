// Files of any size cost the engine no memory. Only where its process is ours to look at.
import { describe, expect } from 'vitest';
import { request, target } from './harness/api.ts';
import { filesPath } from './harness/files.ts';
import { residentBytes } from './harness/memory.ts';
import { test } from './harness/session.ts';

const MB = 1_000_000;
/** Chunks of an upload are garbage until they are collected, some tens of MB of them, however large the file. */
const FLAT_MB = 100;

describe.runIf(target.engine !== undefined)('the engine', () => {
  const { pid } = target.engine ?? { pid: 0 };

  /** The most that memory grows while `run` goes on. */
  async function added(run: () => Promise<void>): Promise<number> {
    const before = residentBytes(pid);
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, residentBytes(pid));
    }, 10);
    await run().finally(() => clearInterval(timer));
    return (peak - before) / MB;
  }

  async function upload(path: string, bytes: number): Promise<void> {
    let left = bytes;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left === 0) return controller.close();
        left -= MB;
        controller.enqueue(new Uint8Array(MB));
      },
    });
    const init = { method: 'PUT', body, headers: target.headers, duplex: 'half' } as RequestInit;
    expect((await fetch(target.url + path, init)).status).toBeLessThan(300);
  }

  async function download(path: string): Promise<number> {
    let bytes = 0;
    for await (const chunk of (await request('GET', path)).body!) bytes += chunk.length;
    return bytes;
  }

  test('adds at most 100 MB for 300 MB up, down, packed and unpacked', { timeout: 120_000 }, async ({
    folder,
  }) => {
    const file = filesPath('', { path: `${folder}/from/big`, parents: true });
    const content = filesPath('', { path: `${folder}/from/big` });
    const archive = filesPath('/archive', { path: `${folder}/from` });
    await upload(file, 20 * MB);
    await download(content);
    expect(await added(() => upload(file, 300 * MB))).toBeLessThanOrEqual(FLAT_MB);
    expect(
      await added(async () => {
        expect(await download(content)).toBe(300 * MB);
        expect(await download(archive)).toBeGreaterThan(300 * MB);
      }),
    ).toBeLessThanOrEqual(FLAT_MB);
    const through = async () => {
      const { body } = await request('GET', archive);
      const init = { method: 'PUT', body, headers: target.headers, duplex: 'half' } as RequestInit;
      const answer = await fetch(target.url + filesPath('/archive', { path: `${folder}/to` }), init);
      expect(answer.status).toBe(201);
    };
    expect(await added(through)).toBeLessThanOrEqual(FLAT_MB);
  });

  test('waits for a client that reads slowly', { timeout: 60_000 }, async ({ session, folder }) => {
    await session.exec(`head -c ${300 * MB} /dev/zero > ${folder}/big`);
    const reading = async () => {
      const { body } = await request('GET', filesPath('', { path: `${folder}/big` }));
      const reader = body!.getReader();
      await reader.read();
      // Nobody reads on while others are answered.
      for (let i = 0; i < 50; i += 1) await session.exec('true');
      await reader.cancel();
    };
    expect(await added(reading)).toBeLessThanOrEqual(FLAT_MB);
  });
});
