// What chaos runs against, and what it can do to it beside calling it.
import type { Sandbox } from '../../../sdk/index.ts';
import type { Fetch } from '../client/api.ts';
import type { SeenProcess } from './processes.ts';

export const FAULTS = [
  'connection',
  'reader',
  'shell',
  'process',
  'pause',
  'engine',
  'terminate',
  'container',
  'object',
  'disk',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** The SDK's patience: here the next fault comes before the last one is over. */
export const PATIENT = { tries: 60, firstDelayMs: 100, maxDelayMs: 1_000 };

export interface Target {
  name: 'engine' | 'embedded' | 'docker';
  /** Prefix of every path of the API. */
  url: string;
  headers: Record<string, string>;
  supports: readonly FaultName[];
  /** The SDK's handle of the sandbox, over this `fetch`. */
  sdk(over: Fetch): Sandbox;
  /** All of the sandbox's processes, as this machine's kernel sees them. */
  processes(): SeenProcess[];
  /** Folders of the engine whose files are counted; none where they are not on this machine. */
  folders(): string[];
  /** Whether what commands wrote outlives their container. */
  keepsFiles: boolean;
  /** SIGTERM to the engine, as the platform sends it when it stops a container. */
  terminateEngine?(): Promise<void>;
  /** All processes of the sandbox die at once. */
  loseContainer?(): Promise<void>;
  /** The Durable Object's memory is gone. */
  resetObject?(): Promise<void>;
  /** Fills the disk for so long. */
  fillDisk?(ms: number): Promise<void>;
  /** The last that it printed, for a run that could not go on. */
  tail(): string;
  stop(): Promise<void>;
}
