// The journal: what happened to sessions and commands, a line of JSON each, appended before anybody is told of it.
// Invariant: an engine that is killed at any moment leaves a file whose whole lines are the truth; a torn last
// line is what nobody was told.
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { emptyState, type JournalRecord, recordsOf, replay, type SessionPatch } from './replay.ts';
import type { CommandRecord, EngineState, SessionState } from './state.ts';

const FORMAT = 2;

/** First line: another format, container start or boot makes the rest void. */
export interface JournalHeader {
  format: typeof FORMAT;
  generation: number;
  /** Process numbers of an earlier boot mean nothing, see proc(5). */
  boot: string;
}

/** Beyond what is still true, so much may have piled up before the file is written anew. */
const SLACK_BYTES = 8 * 1024 * 1024;

/** The header of the journal of a container's start. */
export function journalHeader(generation: number): JournalHeader {
  return { format: FORMAT, generation, boot: readFileSync(BOOT_ID, 'utf8').trim() };
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export class Journal {
  readonly #path: string;
  readonly #header: JournalHeader;
  #fd: number;
  #size = 0;
  #compactAt = 0;

  private constructor(path: string, header: JournalHeader) {
    this.#path = path;
    this.#header = header;
    this.#fd = -1;
  }

  /** What the journal at `path` tells; undefined if there is none that this program can read. */
  static read(path: string): { header: JournalHeader; state: EngineState } | undefined {
    const [header, ...records] = linesOf(path)?.flatMap(parsed) ?? [];
    if ((header as JournalHeader | undefined)?.format !== FORMAT) return undefined;
    return { header: header as JournalHeader, state: replay(records as JournalRecord[]) };
  }

  /** Begins a journal that holds `state`, in the place of what was there. */
  static begin(path: string, header: JournalHeader, state: EngineState = emptyState()): Journal {
    const journal = new Journal(path, header);
    journal.#rewrite(state);
    return journal;
  }

  session(key: string, set: Partial<SessionState>): void {
    this.#append({ is: 'session', key, set });
  }

  command(id: string, set: Partial<CommandRecord>, session?: SessionPatch): void {
    this.#append({ is: 'command', id, set, session });
  }

  /** Labelled lines of a log that is in no file. */
  output(id: string, lines: Buffer): void {
    this.#append({ is: 'output', id, lines: lines.toString('latin1') });
  }

  note(record: JournalRecord): void {
    this.#append(record);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(record: JournalRecord): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    const written = writeSync(this.#fd, line);
    this.#size += written;
    if (written < line.length) {
      // A full disk takes part of a line; the next one must not be glued to it.
      this.#size += writeSync(this.#fd, '\n');
      throw Object.assign(new Error('ENOSPC: the journal cannot be written'), { code: 'ENOSPC' });
    }
    if (this.#size > this.#compactAt) this.#compact();
  }

  #compact(): void {
    try {
      this.#rewrite(Journal.read(this.#path)!.state);
    } catch (error) {
      console.error('the journal cannot be written anew:', (error as Error).message);
      this.#compactAt += SLACK_BYTES;
    }
  }

  #rewrite(state: EngineState): void {
    const next = `${this.#path}.next`;
    const fd = openSync(next, 'w', 0o600);
    let text = `${JSON.stringify(this.#header)}\n`;
    let size = 0;
    const write = () => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      size += bytes.length;
      text = '';
    };
    for (const record of recordsOf(state)) {
      text += `${JSON.stringify(record)}\n`;
      if (text.length > 1024 * 1024) write();
    }
    write();
    renameSync(next, this.#path);
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = fd;
    this.#size = size;
    this.#compactAt = 2 * size + SLACK_BYTES;
  }
}

/** Whole lines. */
function linesOf(path: string): string[] | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined; // there is none: a first start
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '');
}

/** A line that a full disk cut is no JSON: nobody was told of it. */
function parsed(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
