// An archive is read the same wherever its bytes are cut, and no name in it can lead out of the folder.
import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertLinkStays, entryNames } from '../../container/engine/files/archive/entry-path.ts';
import { readTar } from '../../container/engine/files/archive/tar-reader.ts';
import { withoutMark } from '../../container/engine/http/upload.ts';
import { tar } from '../e2e/harness/tar.ts';
import { collect } from '../sdk/harness/collect.ts';

async function* cut(bytes: Buffer, cuts: number[]): AsyncGenerator<Buffer> {
  const places = cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  for (const [i, from] of [0, ...places].entries()) yield bytes.subarray(from, places[i] ?? bytes.length);
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((text) => !/[\0/]/.test(text));
const cuts = fc.array(fc.nat(), { maxLength: 12 });

test('any entries, cut anywhere, come back in order and unaltered', async () => {
  const entry = fc.record({
    path: name,
    long: fc.option(
      name.map((text) => text.repeat(40)),
      { nil: undefined },
    ),
    data: fc.uint8Array({ maxLength: 2_000 }),
    read: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 8 }), cuts, async (entries, places) => {
      const archive = tar(
        entries.map(({ path, long, data }) => ({ path, data, ...(long ? { pax: { path: long } } : {}) })),
      );
      let at = 0;
      for await (const { path, size, body } of readTar(cut(archive, places))) {
        const { path: short, long, data, read } = entries[at]!;
        expect(path).toBe(long ?? short);
        expect(size).toBe(data.length);
        if (read) expect(Buffer.concat(await collect(body)).equals(data)).toBe(true);
        at += 1;
      }
      expect(at).toBe(entries.length);
    }),
    { numRuns: 200 },
  );
});

test('an archive that ends early is never taken for a whole one', async () => {
  const archive = tar([{ path: 'a', data: 'x'.repeat(700) }, { path: 'b' }]);
  // Of the two blocks at the end one is enough.
  await fc.assert(
    fc.asyncProperty(fc.nat(archive.length - 1024), cuts, async (length, places) => {
      const read = async () => {
        for await (const _ of readTar(cut(archive.subarray(0, length), places)));
      };
      await expect(read()).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
    }),
  );
});

test('random bytes are no archive, and do no harm', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), async (bytes) => {
      const read = async () => {
        for await (const _ of readTar(cut(Buffer.from(bytes), [])));
      };
      if (bytes.slice(0, 512).some((byte) => byte !== 0)) {
        await expect(read()).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
      }
    }),
  );
});

test('whatever links are accepted together, following them never leaves the folder', () => {
  const step = fc.constantFrom('..', 'a', 'b', 'c', '.');
  const path = fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) => steps.join('/'));
  const link = fc.record({ at: path, target: path });
  fc.assert(
    fc.property(fc.array(link, { minLength: 1, maxLength: 6 }), path, (links, asked) => {
      const accepted = new Map<string, string>();
      for (const { at, target } of links) {
        try {
          const names = entryNames(at);
          // As when unpacking: what a name goes through is a real folder, never a link.
          const folders = names.slice(0, -1).map((_, i) => `/${names.slice(0, i + 1).join('/')}`);
          const own = `/${names.join('/')}`;
          const taken = [...accepted.keys()].some((key) => key.startsWith(`${own}/`));
          if (names.length === 0 || taken || folders.some((folder) => accepted.has(folder))) continue;
          assertLinkStays(names, target);
          accepted.set(own, target);
        } catch {}
      }
      expect(follows(entryNamesOrNone(asked), accepted)).toBe('inside');
    }),
    { numRuns: 5_000 },
  );
});

const entryNamesOrNone = (path: string) => path.split('/').filter((name) => name !== '.' && name !== '..');

/** As the kernel walks: name by name, a link's target in its place, `..` to the real parent. */
function follows(names: string[], links: Map<string, string>): 'inside' | 'outside' {
  const todo = [...names];
  let at = '/';
  for (let steps = 0; steps < 200; steps += 1) {
    const step = todo.shift();
    if (step === undefined) return 'inside';
    if (step === '..' && at === '/') return 'outside';
    const next = resolve(at, step);
    const target = step === '..' ? undefined : links.get(next);
    if (target === undefined) at = next;
    else todo.unshift(...target.split('/').filter((name) => name !== '.' && name !== ''));
  }
  return 'inside'; // a loop leads nowhere
}

test('the mark at the end of a body is taken off, wherever it is cut, and missed where it is not there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), cuts, fc.nat(35), async (data, places, short) => {
      const mark = '123e4567-e89b-42d3-a456-426614174000';
      const whole = Buffer.concat([data, Buffer.from(mark)]);
      const taken = await collect(withoutMark(cut(whole, places), mark));
      expect(Buffer.concat(taken).equals(Buffer.from(data))).toBe(true);
      const early = collect(withoutMark(cut(whole.subarray(0, whole.length - 1 - short), places), mark));
      await expect(early).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    }),
  );
});
