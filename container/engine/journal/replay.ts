// From the records of a journal to the state they describe, and back to as few records as that takes. Pure.
import { LIMITS } from '#protocol';
import type { CommandRecord, EngineState, SessionState } from './state.ts';

/** One line of a journal. */
export type JournalRecord =
  | { is: 'session'; key: string; set: Partial<SessionState> }
  /** `session`: what the end of the command made of its session. */
  | { is: 'command'; id: string; set: Partial<CommandRecord>; session?: SessionPatch }
  /** More of a log that is in no file yet. */
  | { is: 'output'; id: string; lines: string }
  /** The log is in files from now on. */
  | { is: 'filed'; id: string }
  | { is: 'no session'; key: string }
  /** Forgotten, as if it had never been. */
  | { is: 'no command'; id: string }
  /** Forgotten, but for their ids. */
  | { is: 'expired'; ids: string[] };

/** There may be a hundred thousand, and a line for each takes longer to read than all the rest. */
const IDS_A_RECORD = 1000;

export interface SessionPatch {
  key: string;
  set: Partial<SessionState>;
}

export function emptyState(): EngineState {
  return { sessions: new Map(), commands: new Map(), output: new Map(), expired: new Set() };
}

export function replay(records: Iterable<JournalRecord>): EngineState {
  const state = emptyState();
  for (const record of records) apply(state, record);
  return state;
}

function apply(state: EngineState, record: JournalRecord): void {
  const { sessions, commands, output, expired } = state;
  switch (record.is) {
    // What is still told of one that was forgotten does not bring it back.
    case 'session':
      if (sessions.has(record.key) || 'id' in record.set)
        sessions.set(record.key, { ...sessions.get(record.key), ...record.set } as SessionState);
      break;
    case 'command':
      if (commands.has(record.id) || 'request' in record.set)
        commands.set(record.id, { ...commands.get(record.id), ...record.set } as CommandRecord);
      if (record.session) apply(state, { is: 'session', ...record.session });
      break;
    case 'output':
      if (commands.has(record.id)) output.set(record.id, (output.get(record.id) ?? '') + record.lines);
      break;
    case 'filed':
      output.delete(record.id);
      break;
    case 'no session':
      sessions.delete(record.key);
      break;
    case 'expired':
      for (const id of record.ids) {
        expired.add(id);
        if (expired.size > LIMITS.expiredIds) expired.delete(expired.values().next().value!);
        commands.delete(id);
        output.delete(id);
      }
      break;
    case 'no command':
      commands.delete(record.id);
      output.delete(record.id);
      break;
  }
}

/** Replaying these gives `state` again. */
export function* recordsOf(state: EngineState): Generator<JournalRecord> {
  const expired = [...state.expired];
  for (let at = 0; at < expired.length; at += IDS_A_RECORD)
    yield { is: 'expired', ids: expired.slice(at, at + IDS_A_RECORD) };
  for (const [key, set] of state.sessions) yield { is: 'session', key, set };
  for (const [id, set] of state.commands) {
    yield { is: 'command', id, set };
    const lines = state.output.get(id);
    if (lines !== undefined) yield { is: 'output', id, lines };
  }
}
