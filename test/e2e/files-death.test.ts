// An engine that is killed in the middle of a write or of unpacking leaves no half of it, once the next one is up.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { target } from './harness/api.ts';
import { filesPath } from './harness/files.ts';
import { MortalEngine } from './harness/mortal-engine.ts';
import { tar } from './harness/tar.ts';
import { until } from './harness/until.ts';

describe.runIf(target.engine !== undefined)('when the engine is killed', () => {
  let engine: MortalEngine;
  beforeAll(async () => {
    engine = await MortalEngine.start();
  });
  afterAll(() => engine?.stop());

  /** Sends so much, and leaves the rest unsent. */
  async function begin(path: string, sent: Uint8Array): Promise<void> {
    const upload = request(engine.url + path, { method: 'PUT' });
    upload.on('error', () => {}); // the engine is killed over it
    await new Promise((done) => upload.write(sent, done));
  }

  test('in the middle of a write, the old file is there and nothing else', async () => {
    const folder = join(engine.folder, 'write');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'old');
    await begin(filesPath('', { path: join(folder, 'file') }), Buffer.alloc(5_000_000));
    await engine.killAndRestart();
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('old');
  });

  test('in the middle of unpacking, nothing of the archive is there', async () => {
    const folder = join(engine.folder, 'unpack');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'old');
    const entries = Array.from({ length: 20 }, (_, i) => ({ path: `d/${i}`, data: Buffer.alloc(50_000) }));
    await begin(filesPath('/archive', { path: folder }), tar(entries, { end: false }));
    await until(async () => readdirSync(folder).length === 2);
    await engine.killAndRestart();
    expect(readdirSync(folder)).toEqual(['file']);
  });
});
