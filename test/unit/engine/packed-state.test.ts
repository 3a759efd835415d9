import { expect, test } from 'vitest';
import type { Checkpoint } from '../../../container/engine/shell/checkpoint.ts';
import { bounded, parseCheckpoint, restoreScript } from '../../../container/engine/shell/checkpoint.ts';
import { packState, unpackState } from '../../../container/engine/shell/packed-state.ts';

const MARKER = '__hf_key:';
const OPTIONS = 'declare -r BASHOPTS="extglob"\ndeclare -r SHELLOPTS="braceexpand"\n';

function written({ variables = OPTIONS, below = 'umask 0022\n', functions = '' } = {}): string {
  const shown = functions === '' ? [] : [`functions\n${functions}`];
  const sections = [`variables\n${variables}`, `umask\n${below}`, ...shown, 'aliases\n', 'completions\n'];
  return [`trap -- '' USR2\n`, ...sections, 'end 7 \n'].join(MARKER);
}

function parsed(text: string, atExit = false): Checkpoint | null {
  return parseCheckpoint({ text, marker: MARKER, atExit, writtenAt: 1000 });
}

test('a packed state is the same when it is unpacked, whatever bytes it holds', () => {
  const state = parsed(written({ variables: `${OPTIONS}declare -- x="\u00ff\u0001 ${MARKER} \n\n{"\n` }))!;
  expect(unpackState(packState(state))).toEqual(state);
  expect(state).toMatchObject({ version: 14, background: '', traps: "trap -- '' USR2\n", truncated: false });
});

test('what is cut off, longer or no state at all is not unpacked', () => {
  const packed = packState(parsed(written())!);
  expect(unpackState(packed.subarray(0, -1))).toBe(null);
  expect(unpackState(Buffer.concat([packed, Buffer.from(' ')]))).toBe(null);
  for (const text of ['', 'x', '{}\n', 'null\n']) expect(unpackState(Buffer.from(text))).toBe(null);
});

test('a state file that is not whole is no checkpoint', () => {
  const whole = written();
  expect(parsed(whole, true)?.version).toBe(15);
  for (let length = 0; length < whole.length; length++) expect(parsed(whole.slice(0, length))).toBe(null);
});

test('a state without what every shell has is no checkpoint', () => {
  expect(parsed(written({ variables: '' }))).toBe(null);
  expect(parsed(written({ below: '' }))).toBe(null);
  expect(parsed(written({ below: 'umask\nenable -n umask\n' }))).toBe(null);
  expect(parsed(written({ below: 'umask 0022\nenable -n compgen\n' }))).toBe(null);
});

test('the names of functions are no builtins that were switched off', () => {
  const functions = 'enable () \n{ \n    :\n}\n';
  const state = parsed(
    written({ below: 'umask 0027\nenable -n echo\nenable -n alias\numask\nenable\n', functions }),
  );
  expect(state).toMatchObject({
    umask: 'umask 0027\n',
    builtins: 'enable -n echo\nenable -n alias\n',
    functions,
  });
});

test('the largest parts leave a state until it fits, functions only where they are the largest', () => {
  const variables = `${OPTIONS}declare -- small="1"\ndeclare -- large="${'x'.repeat(5000)}"\n`;
  const state = { ...parsed(written({ variables }))!, functions: `f () \n{ \n    ${'y'.repeat(9000)}\n}\n` };
  expect(bounded(state, 100_000)).toBe(state);
  const less = bounded(state, 6000);
  expect(less).toMatchObject({ functions: '', truncated: true });
  expect(less.variables).toContain('large=');
  const least = bounded(state, 1000);
  expect(least.variables).toBe(`${OPTIONS}declare -- small="1"\n`);
  expect(least.umask).toBe('umask 0022\n');
});

test('SECONDS goes on from when the state was written', () => {
  const state = parsed(written({ variables: `${OPTIONS}declare -i SECONDS="5"\n` }))!;
  const { script } = restoreScript(state, { cwd: '/', maxBytes: 1e6, now: 61_000 });
  expect(script).toContain('\nSECONDS=65\n');
});
