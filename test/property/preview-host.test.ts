// Names of preview hosts: what is put together comes apart as it was, whatever the sandbox is called.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  longestPreviewedName,
  parsePreviewed,
  parsePreviewLabel,
  previewedUrl,
  previewLabel,
  previewOf,
} from '#protocol';

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
const port = fc.integer({ min: 1, max: 65_535 });
const token = fc.string({ unit: fc.constantFrom(...LETTERS, '_'), minLength: 1, maxLength: 26 });
const sandbox = fc
  .tuple(
    fc.constantFrom(...LETTERS),
    fc.string({ unit: fc.constantFrom(...LETTERS.slice(20), '-', '-', '-'), maxLength: 62 }),
  )
  .map(([first, rest]) => first + rest);

test('a label comes apart into what it was made of, or is too long for DNS', () => {
  fc.assert(
    fc.property(port, sandbox, token, (port, sandbox, token) => {
      const target = { port, sandbox, token };
      const label = previewLabel(target);
      const fits = sandbox.length <= longestPreviewedName(port, token.length);
      expect(label !== undefined).toBe(fits);
      if (label === undefined) return;
      expect(label.length).toBeLessThanOrEqual(63);
      expect(parsePreviewLabel(label)).toEqual(target);
      expect(previewOf(`${label}.p.example.com`, 'p.example.com')).toEqual(target);
      expect(previewOf(`${label}.P.example.com.`, 'p.Example.com:8787')).toEqual(target);
      expect(previewOf(`${label}.anywhere.example`)).toEqual(target);
    }),
  );
});

test('every name below the host of previews is of previews, and no other is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...LETTERS, '-', '.', '_'), maxLength: 70 }), (name) => {
      const found = previewOf(`${name}.p.example.com`, 'p.example.com');
      expect(found).not.toBe(undefined);
      if (name.includes('.')) expect(found).toBe(null);
      expect(previewOf(`${name}p.example.com`, 'x.example.com')).toBe(undefined);
    }),
  );
  expect(previewOf('p.example.com', 'p.example.com')).toBe(undefined);
  expect(previewOf('3000-a-b', undefined)).toBe(undefined);
  expect(previewOf('3000-a-bp.example.com', 'p.example.com')).toBe(undefined);
});

test('what a Durable Object is asked comes apart into port, token and the path as it was', () => {
  fc.assert(
    fc.property(port, token, fc.webPath(), fc.webQueryParameters(), (port, token, path, query) => {
      const url = new URL(`https://x.example.com/?${query}`);
      url.pathname = path;
      const asked = new URL(previewedUrl(url, { port, token, sandbox: 'x' }));
      expect([asked.origin, asked.search]).toEqual([url.origin, url.search]);
      expect(parsePreviewed(asked.pathname)).toEqual({ port, token, path: url.pathname });
    }),
  );
});
