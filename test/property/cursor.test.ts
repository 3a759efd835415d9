// A listing that goes on behind a cursor tells what was not told, and nothing twice.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, type Names, standing } from '../../container/engine/files/cursor.ts';

interface Tree {
  [name: string]: Tree;
}

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.dictionary(
    fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', 'é'), minLength: 1, maxLength: 3 }),
    fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant({}), tie('tree')),
    { maxKeys: 5 },
  ),
}));

/** As the walk does it, over names alone. */
function* told(tree: Tree, above: Names, after: Names | undefined): Generator<Names> {
  const names = Object.keys(tree).map((name) => Buffer.from(name));
  for (const name of names.sort(Buffer.compare)) {
    const place = standing(name, after);
    if (place === 'over') continue;
    if (!place.told) yield [...above, name];
    yield* told(tree[name.toString()]!, [...above, name], place.after);
  }
}

const shown = (all: Iterable<Names>) => [...all].map((names) => names.map(String).join('/'));

test('behind any entry comes exactly the rest', () => {
  fc.assert(
    fc.property(tree, fc.nat(), (one, pick) => {
      const all = [...told(one, [], undefined)];
      if (all.length === 0) return;
      const at = pick % all.length;
      const cursor = decodeCursor(encodeCursor(all[at]!));
      expect(shown(told(one, [], cursor))).toEqual(shown(all.slice(at + 1)));
    }),
    { numRuns: 500 },
  );
});

test('behind an entry that is gone comes what would have come behind it', () => {
  fc.assert(
    fc.property(tree, tree, (one, other) => {
      for (const gone of told(other, [], undefined)) {
        const rest = shown(told(one, [], gone));
        const everything = shown(told({ ...one }, [], undefined));
        // Without repeats, in the same order, and a part of the whole.
        expect(everything.filter((path) => rest.includes(path))).toEqual(rest);
      }
    }),
    { numRuns: 100 },
  );
});

test('any names survive the cursor, bytes that are no text too', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x2f && byte !== 0)))
    .filter((bytes) => bytes.length > 0);
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      expect(decodeCursor(encodeCursor(names))).toEqual(names);
    }),
  );
});
