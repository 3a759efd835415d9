// Finds what an engine that died in this folder left, or begins anew.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL, leftControlFolder, makeControlFolder } from '../control-folder.ts';
import { endAtOnce } from '../proc/end-at-once.ts';
import { Journal, type JournalHeader } from './journal.ts';
import { emptyState } from './replay.ts';
import type { EngineState } from './state.ts';

export interface OpenedJournal {
  /** The control folder. */
  folder: string;
  journal: Journal;
  left: EngineState;
  /** No engine had begun here. */
  isNew: boolean;
}

/** What another start of the container left is ended and removed: its sessions come back from their checkpoints. */
export function openJournal(stateFolder: string, header: JournalHeader): OpenedJournal {
  const place = leftControlFolder(stateFolder);
  const found = place === undefined ? undefined : Journal.read(join(place, JOURNAL));
  if (place !== undefined && found && isSame(found.header, header)) {
    return {
      folder: place,
      journal: Journal.begin(join(place, JOURNAL), header, found.state),
      left: found.state,
      isNew: false,
    };
  }
  if (found?.header.boot === header.boot) {
    for (const sessionKey of found.state.sessions.keys()) {
      void endAtOnce({ sessionKey, shellPid: undefined, known: new Map() });
    }
  }
  const folder = makeControlFolder(stateFolder);
  return { folder, journal: Journal.begin(join(folder, JOURNAL), header), left: emptyState(), isNew: true };
}

/** FIFOs, and files beside them, that what was left still needs; `held` are FIFOs of output. */
export function fifosInUse({ sessions, commands }: EngineState): { all: Set<string>; held: string[] } {
  const held: string[] = [];
  const others = [...sessions.values()].flatMap(({ fifos }) => (fifos ? Object.values(fifos) : []));
  for (const { streams, stdin, atRest, state } of commands.values()) {
    if (stdin) others.push(stdin);
    // One whose end is not on record is gone on with, also where nothing more will come.
    if (atRest && (state === 'exited' || state === 'settled' || state === 'lost')) continue;
    for (const { fifo, place } of Object.values(streams ?? {})) {
      if (existsSync(fifo)) held.push(fifo);
      others.push(place.file);
    }
  }
  return { all: new Set([...held, ...others]), held };
}

function isSame(a: JournalHeader, b: JournalHeader): boolean {
  return a.generation === b.generation && a.boot === b.boot;
}
