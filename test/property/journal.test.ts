// The journal: what it tells of sessions and commands is what was put on record, patch by patch, also when it is
// written anew, and wherever a death cut it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { Journal, type JournalHeader, journalHeader } from '../../container/engine/journal/journal.ts';
import { type JournalRecord, recordsOf, replay } from '../../container/engine/journal/replay.ts';
import type { CommandRecord, SessionState } from '../../container/engine/journal/state.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-journal-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'journal');
const header: JournalHeader = journalHeader(1);

const session: SessionState = {
  id: 'default',
  cwd: '/',
  env: {},
  folder: '/control/0',
  keptPath: '/asleep/0',
  createdAt: '2000-01-01T00:00:00.000Z',
  lastUsedAt: '2000-01-01T00:00:00.000Z',
};

const command: CommandRecord = {
  request: {
    sessionId: 'default',
    mode: 'foreground',
    text: 'true',
    cwdStays: false,
    stdinOpen: false,
    disconnectGraceMs: null,
  },
  createdAt: '2000-01-01T00:00:00.000Z',
  state: 'queued',
};

/** Few, so that records meet. */
const name = fc.constantFrom('a', 'b', 'c');
const sessionSet = fc.oneof(
  fc.constant<Partial<SessionState>>(session),
  fc.record<Partial<SessionState>>({ runs: fc.nat(9), pwd: fc.string({ unit: 'grapheme', maxLength: 5 }) }),
);
const commandSet = fc.oneof(
  fc.constant<Partial<CommandRecord>>(command),
  fc.record<Partial<CommandRecord>>({
    state: fc.constantFrom('running', 'exited', 'lost'),
    queuedMs: fc.nat(9),
  }),
);
const patch = fc.record({ key: name, set: sessionSet });
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ is: fc.constant('session' as const), key: name, set: sessionSet }),
  fc.record(
    { is: fc.constant('command' as const), id: name, set: commandSet, session: patch },
    { requiredKeys: ['is', 'id', 'set'] },
  ),
  fc.record({
    is: fc.constant('output' as const),
    id: name,
    lines: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  }),
  fc.record({ is: fc.constantFrom('filed' as const, 'no command' as const), id: name }),
  fc.record({ is: fc.constant('expired' as const), ids: fc.array(name, { minLength: 1, maxLength: 2 }) }),
  fc.record({ is: fc.constant('no session' as const), key: name }),
);
const records = fc.array(record, { maxLength: 40 });

/** In a journal as the engine writes it. */
function write(all: JournalRecord[]): void {
  const journal = Journal.begin(path, header);
  for (const one of all) journal.note(one);
  journal.close();
}

test('a patch changes what it names and leaves the rest', () => {
  const { sessions, commands } = replay([
    { is: 'session', key: 'k', set: session },
    { is: 'command', id: 'c', set: command },
    { is: 'command', id: 'c', set: { state: 'exited' }, session: { key: 'k', set: { runs: 3 } } },
  ]);
  expect(commands.get('c')).toEqual({ ...command, state: 'exited' });
  expect(sessions.get('k')).toEqual({ ...session, runs: 3 });
});

test('the lines of a log add up until it is in files', () => {
  const begun: JournalRecord[] = [
    { is: 'command', id: 'c', set: command },
    { is: 'output', id: 'c', lines: 'one' },
    { is: 'output', id: 'c', lines: 'two' },
  ];
  expect(replay(begun).output.get('c')).toBe('onetwo');
  expect(replay([...begun, { is: 'filed', id: 'c' }]).output.has('c')).toBe(false);
});

test('what is still told of something that was forgotten does not bring it back', () => {
  const late: JournalRecord[] = [
    { is: 'session', key: 'k', set: { runs: 4 } },
    { is: 'command', id: 'c', set: { state: 'lost' }, session: { key: 'k', set: { runs: 5 } } },
    { is: 'output', id: 'c', lines: 'late' },
  ];
  for (const end of ['no command', 'expired'] as const) {
    const state = replay([
      { is: 'session', key: 'k', set: session },
      { is: 'command', id: 'c', set: command },
      { is: 'no session', key: 'k' },
      end === 'expired' ? { is: end, ids: ['c'] } : { is: end, id: 'c' },
      ...late,
    ]);
    expect(state.sessions.size + state.commands.size + state.output.size).toBe(0);
    expect([...state.expired]).toEqual(end === 'expired' ? ['c'] : []);
  }
});

test('the records of a state give that state again, in its order', () => {
  fc.assert(
    fc.property(records, (all) => {
      const state = replay(all);
      const again = replay(recordsOf(state));
      expect(again).toEqual(state);
      for (const part of ['sessions', 'commands', 'expired'] as const)
        expect([...again[part].keys()]).toEqual([...state[part].keys()]);
    }),
  );
});

test('thousands of ids that expired take a record for each thousand, and stay in their order', () => {
  const ids = Array.from({ length: 2_001 }, (_, n) => `c${n}`);
  const state = replay(ids.map((id) => ({ is: 'expired', ids: [id] })));
  const written = [...recordsOf(state)];
  expect(written).toHaveLength(3);
  expect([...replay(written).expired]).toEqual(ids);
});

test('a journal written and read, and one begun anew from what was read, tell the same', () => {
  fc.assert(
    fc.property(records, (all) => {
      write(all);
      const state = replay(all);
      expect(Journal.read(path)).toEqual({ header, state });
      Journal.begin(path, header, state).close();
      expect(Journal.read(path)?.state).toEqual(state);
    }),
    { numRuns: 50 },
  );
});

test('a journal that is cut at any byte tells of the records that are whole, and of no other', () => {
  fc.assert(
    fc.property(records, fc.nat(), (all, pick) => {
      write(all);
      const bytes = readFileSync(path);
      const headerBytes = bytes.indexOf('\n') + 1;
      const cut = headerBytes + (pick % (bytes.length - headerBytes + 1));
      const whole = bytes.subarray(headerBytes, cut).filter((byte) => byte === 10).length;
      writeFileSync(path, bytes.subarray(0, cut));
      expect(Journal.read(path)?.state).toEqual(replay(all.slice(0, whole)));
    }),
    { numRuns: 50 },
  );
});
