// A session as it is given out to be made again elsewhere, and read back. Pure.
// Invariant: it is never larger than a checkpoint may be, as the JSON that it is sent as.
import { isAbsolute } from 'node:path';
import { HoldfastError, LIMITS, type SavedSession } from '#protocol';
import { bounded, type Checkpoint, withoutCall } from '../shell/checkpoint.ts';
import { packState, unpackState } from '../shell/packed-state.ts';

/** For the header of the state and the names of the fields. */
const ROOM = 1024;
/** The environment may take half: what it held is in the state too. */
const MOST_ENV_BYTES = LIMITS.checkpointBytes / 2;

export function savedSession(
  fields: Omit<SavedSession, 'state'>,
  checkpoint: Checkpoint | undefined,
): { saved: SavedSession; truncated: boolean } {
  const env = boundedEnv(fields.env);
  const rest = { ...fields, env };
  const lessEnv = Object.keys(env).length < Object.keys(fields.env).length;
  if (!checkpoint) return { saved: { ...rest, state: null }, truncated: lessEnv };
  const room = LIMITS.checkpointBytes - Buffer.byteLength(JSON.stringify(rest)) - ROOM;
  const given = bounded(withoutCall(checkpoint), Math.floor((room * 3) / 4));
  const state = packState(given).toString('base64');
  return { saved: { ...rest, state }, truncated: lessEnv || given.truncated };
}

/** What an engine takes over. */
export interface LoadedSession {
  cwd: string;
  env: Record<string, string>;
  createdAt: Date;
  lastUsedAt: Date;
  lastStatus: number;
  state: Checkpoint | undefined;
}

/** 400 INVALID_REQUEST for what no engine saved. */
export function loadSession(saved: SavedSession): LoadedSession {
  const { cwd, env, createdAt, lastUsedAt, lastStatus, state, version } = saved;
  const checkpoint = state === null ? undefined : unpackState(Buffer.from(state, 'base64'));
  const dates = [new Date(createdAt), new Date(lastUsedAt)] as const;
  if (checkpoint === null) throw notSaved('state');
  if (checkpoint && checkpoint.version !== version) throw notSaved('version');
  if (!isAbsolute(cwd) || cwd.includes('\0')) throw notSaved('cwd');
  if (dates.some((date) => Number.isNaN(date.getTime()))) throw notSaved('createdAt');
  if (lastStatus < 0 || lastStatus > 255) throw notSaved('lastStatus');
  return { cwd, env, createdAt: dates[0], lastUsedAt: dates[1], lastStatus, state: checkpoint };
}

/** Without its largest variables until it fits. */
function boundedEnv(env: Record<string, string>): Record<string, string> {
  const sized = Object.entries(env).map(([name, value]) => ({
    name,
    size: Buffer.byteLength(JSON.stringify({ [name]: value })),
  }));
  let size = sized.reduce((sum, one) => sum + one.size, 0);
  const left = new Set<string>();
  for (const one of sized.sort((a, b) => b.size - a.size)) {
    if (size <= MOST_ENV_BYTES) break;
    left.add(one.name);
    size -= one.size;
  }
  return Object.fromEntries(Object.entries(env).filter(([name]) => !left.has(name)));
}

function notSaved(field: string): HoldfastError {
  return new HoldfastError(
    'INVALID_REQUEST',
    `${field}: no engine saved this; send back what GET /sessions/{id}/checkpoint gave`,
  );
}
