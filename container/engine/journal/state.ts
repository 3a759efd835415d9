// What an engine must know of its sessions and commands to go on with them after another engine's death. Pure.
// A journal record is a patch of one of these; see replay.ts.
import type { CommandState, Exit } from '#protocol';
import type { EndReason } from '../command/command.ts';
import type { SpoolPlace } from '../fifo/spool.ts';
import type { StreamName } from '../log/label.ts';
import type { Mark } from '../log/marks.ts';
import type { ShellEnd } from '../shell/shell.ts';

/** A process, named for good: numbers are used again. */
export interface ProcessName {
  pid: number;
  /** Clock ticks since boot at its start. */
  startTicks: number;
}

/** No process has this number: it is above the largest there can be (proc(5), pid_max). Never 0, which is everybody. */
export const NOBODY: ProcessName = { pid: 4_194_305, startTicks: 0 };

export function sameProcess(a: ProcessName, b: ProcessName): boolean {
  return a.pid === b.pid && a.startTicks === b.startTicks;
}

export interface SessionState {
  id: string;
  /** Where it began. */
  cwd: string;
  /** Its own, on top of what every session inherits. */
  env: Record<string, string>;
  /** Of its control files. */
  folder: string;
  /** Where its state is kept while it has no shell. */
  keptPath: string;
  createdAt: string;
  lastUsedAt: string;
  /** All that it runs is being ended. */
  deleting?: boolean;
  /** Somebody ran something in it. */
  used?: boolean;
  /** Another engine's shell had it, and no result has told that yet. */
  remade?: boolean;
  /** Its shell's input and control; null while it has no shell. */
  fifos?: { input: string; control: string } | null;
  shell?: ProcessName | null;
  /** The shell is equal to what the session was: nothing is being loaded into it. */
  ready?: boolean;
  /** Where its shell was after the last command. */
  pwd?: string;
  /** Number of the last run that was typed. */
  runs?: number;
  /** Run whose checkpoint the shell was asked for last. */
  checkpoint?: number;
  lastStatus?: number;
  /** The user's TMOUT. */
  idleTimeoutSeconds?: number;
  missingCwd?: string | null;
  stateTruncated?: boolean;
}

/** Where the output of one stream comes from. */
export interface StreamState {
  fifo: string;
  place: SpoolPlace;
  /** Bytes of the stream that came before that place. */
  base: number;
}

/** A command that was typed into a shell. */
export interface TypedRun {
  run: number;
  shell: ProcessName;
  /** Clock ticks since boot, and the children that the shell had: what is older is not the command's. */
  startTicks: number;
  earlierChildren: number[];
  /** The shell was asked for a checkpoint behind it. */
  withCheckpoint: boolean;
}

/** A request as JSON can hold it. */
export interface RequestState {
  sessionId: string;
  mode: 'foreground' | 'background';
  text: string;
  cwd?: string;
  cwdStays: boolean;
  env?: Record<string, string>;
  /** base64 */
  stdin?: string;
  stdinOpen: boolean;
  timeoutMs?: number;
  disconnectGraceMs: number | null;
}

export interface CommandRecord {
  request: RequestState;
  createdAt: string;
  state: CommandState;
  queuedMs?: number;
  startedAt?: string;
  /** The run of its session's shell that it is, typed last. */
  typed?: TypedRun;
  /** Of the session whose shell it was typed into. */
  sessionKey?: string;
  /** Its shell was made anew for it. */
  restarted?: boolean;
  /** Its shell ended with it, and was seen to. */
  shellEnd?: ShellEnd;
  streams?: Record<StreamName, StreamState>;
  /** FIFO of its stdin, while that is open. */
  stdin?: string | null;
  /** Of a process: its shell, and the folder of its control files. */
  process?: { name?: ProcessName; folder: string; cwd: string; sessionKey: string; startTicks: number };
  /** A signal that it was sent, of those that end a process. */
  deadly?: number;
  /** All that it started is being ended. */
  terminating?: boolean;
  /** Files of its log, oldest first: number and first line. */
  segments?: { number: number; first: Mark }[];
  ending?: EndReason;
  exit?: Exit;
  error?: { code: string; message: string };
  endedAt?: string;
  endSeq?: number;
  /** Set when all its output has come and its streams are let go. */
  atRest?: boolean;
}

export interface EngineState {
  /** By key, oldest first. */
  sessions: Map<string, SessionState>;
  /** By id, oldest first. */
  commands: Map<string, CommandRecord>;
  /** Labelled lines of logs that are in no file, latin1. */
  output: Map<string, string>;
  /** Ids that were taken and are forgotten otherwise. */
  expired: Set<string>;
}
