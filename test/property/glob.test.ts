// Globs match what they say, and take no long time for any pattern.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globOf, PathFilter } from '../../container/engine/files/glob.ts';

const matches = (pattern: string, path: string) => globOf(pattern)(path.split('/'));

test('a glob without a slash is about names at any depth, one with a slash about the path', () => {
  for (const [pattern, path, is] of [
    ['*.ts', 'a.ts', true],
    ['*.ts', 'src/deep/a.ts', true],
    ['*.ts', 'a.tsx', false],
    ['src/*.ts', 'src/a.ts', true],
    ['src/*.ts', 'src/deep/a.ts', false],
    ['src/**/*.ts', 'src/a.ts', true],
    ['src/**/*.ts', 'src/b/c/a.ts', true],
    ['/build', 'build', true],
    ['/build', 'src/build', false],
    ['build/', 'src/build', true],
    ['**/a', 'a', true],
    ['**', 'a/b', true],
    ['?.[ch]', 'a.c', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['*.{js,ts{,x}}', 'a.tsx', true],
    ['*.{js,ts{,x}}', 'a.ts', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['[', '[', true],
    ['{', '{', true],
    ['?', '🐚', true],
    ['*', '.hidden', true],
  ] as const) {
    expect(matches(pattern, path), `${pattern} ${path}`).toBe(is);
  }
});

test('it agrees with the plain meaning of its signs', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 6 });
  const pattern = fc.array(fc.oneof(name, fc.constant('**')), { minLength: 2, maxLength: 5 });
  const path = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(pattern, path, (steps, names) => {
      expect(globOf(steps.join('/'))(names)).toBe(plainly(steps, names));
    }),
    { numRuns: 3_000 },
  );
});

/** The same, without a thought of time. */
function plainly(steps: string[], names: string[]): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return names.length === 0;
  if (step === '**') return plainly(rest, names) || (names.length > 0 && plainly(steps, names.slice(1)));
  return names.length > 0 && name(step, names[0]!) && plainly(rest, names.slice(1));
}

function name(step: string, text: string): boolean {
  if (step === '') return text === '';
  if (step[0] === '*') return name(step.slice(1), text) || (text !== '' && name(step, text.slice(1)));
  return text !== '' && (step[0] === '?' || step[0] === text[0]) && name(step.slice(1), text.slice(1));
}

test('no pattern takes long', () => {
  const started = performance.now();
  expect(matches(`${'*a'.repeat(500)}b`, 'a'.repeat(255))).toBe(false);
  expect(matches(`${'**/*a/'.repeat(150)}b`, 'aa/'.repeat(300))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1_000);
});

test('what is below something excluded is not told', () => {
  const filter = new PathFilter({ exclude: ['node_modules', 'out/*'], include: ['*.js'] });
  expect(filter.tells(['a.js'])).toBe(true);
  expect(filter.tells(['a', 'node_modules', 'b', 'c.js'])).toBe(false);
  expect(filter.tells(['out', 'x', 'c.js'])).toBe(false);
  expect(filter.tells(['a.ts'])).toBe(false);
  expect(filter.enters(['a'])).toBe(true);
});
