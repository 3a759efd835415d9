// A process under the names of `@cloudflare/sandbox`: what it was when it was asked for, and calls to it.
import type { Process as OurProcess } from '../process.ts';
import { HoldfastError, type ProcessInfo } from '../protocol/index.ts';
import type { BaseExecOptions } from './exec-options.ts';

export type ProcessStatus = 'starting' | 'running' | 'completed' | 'failed' | 'killed' | 'error';

export interface ProcessOptions extends BaseExecOptions {
  sessionId?: string;
  processId?: string;
  onStart?: (process: Process) => void;
  onOutput?: (stream: 'stdout' | 'stderr', data: string) => void;
  onExit?: (code: number | null) => void;
  onError?: (error: Error) => void;
}

export interface WaitForPortOptions {
  /** Default `http`. */
  mode?: 'http' | 'tcp';
  path?: string;
  /** Default 200 to 399. */
  status?: number | { min: number; max: number };
  /** Milliseconds. */
  timeout?: number;
}

export interface WaitForLogResult {
  /** The line that holds what was waited for. */
  line: string;
  match?: RegExpMatchArray;
}

/** What the calls of a process need of its sandbox. */
export interface ProcessLogs {
  getProcessLogs(id: string): Promise<{ stdout: string; stderr: string }>;
}

const ENDED_BY_SIGNAL = new Set([130, 137, 143]);

/** `exited` and `settled` are one here: the exit code is known. */
export function processStatus({ state, exitCode, signal, timedOut }: ProcessInfo): ProcessStatus {
  if (state === 'running') return 'running';
  if (state === 'lost' || exitCode === null) return 'error';
  if (exitCode === 0) return 'completed';
  return signal !== null || timedOut || ENDED_BY_SIGNAL.has(exitCode) ? 'killed' : 'failed';
}

export class Process {
  readonly id: string;
  readonly pid?: number;
  readonly command: string;
  readonly status: ProcessStatus;
  readonly startTime: Date;
  readonly endTime?: Date;
  readonly exitCode?: number;
  readonly sessionId: string;
  readonly #process: OurProcess;
  readonly #logs: ProcessLogs;

  constructor(process: OurProcess, info: ProcessInfo, logs: ProcessLogs) {
    this.id = info.id;
    if (info.pid !== null) this.pid = info.pid;
    this.command = info.command;
    this.status = processStatus(info);
    this.startTime = new Date(info.startedAt);
    if (info.endedAt !== null) this.endTime = new Date(info.endedAt);
    if (info.exitCode !== null) this.exitCode = info.exitCode;
    this.sessionId = info.sessionId;
    this.#process = process;
    this.#logs = logs;
  }

  /** Ends it with all it started; with a signal, sends just that. */
  async kill(signal?: string): Promise<void> {
    if (signal === undefined) await this.#process.kill();
    else await this.#process.signal(signal);
  }

  async getStatus(): Promise<ProcessStatus> {
    return processStatus(await this.#process.info());
  }

  async getLogs(): Promise<{ stdout: string; stderr: string }> {
    const { stdout, stderr } = await this.#logs.getProcessLogs(this.id);
    return { stdout, stderr };
  }

  /** Throws `WAIT_TIMEOUT`, and `PROCESS_EXITED` where it ended without. */
  async waitForLog(pattern: string | RegExp, timeout?: number): Promise<WaitForLogResult> {
    const { source, flags } = typeof pattern === 'string' ? new RegExp(escaped(pattern)) : pattern;
    // Tried at beginnings of lines alone: at each place of a long line it would take the square of its length.
    const line = new RegExp(`(?<![^\\n])[^\\n]*?(?:${source})[^\\n]*`, flags.replace(/[dgy]/g, ''));
    const { text } = await this.#process.waitForOutput(line, timed(timeout));
    if (typeof pattern === 'string') return { line: text };
    const match = new RegExp(source, flags.replace(/[gy]/g, '')).exec(text);
    return match ? { line: text, match } : { line: text };
  }

  /** Throws `WAIT_TIMEOUT`, and `PROCESS_EXITED` where it ended first. */
  async waitForPort(port: number, options: WaitForPortOptions = {}): Promise<void> {
    const { mode = 'http', path, status, timeout } = options;
    const accepted = typeof status === 'object' ? statuses(status) : status;
    const http = mode === 'http' ? { path, status: accepted } : {};
    await this.#process.waitForPort(port, { mode, ...http, ...timed(timeout) });
  }

  /** Throws `WAIT_TIMEOUT`. */
  async waitForExit(timeout?: number): Promise<{ exitCode: number }> {
    const { exitCode } = await this.#process.waitForExit(timed(timeout));
    if (exitCode === null) throw new HoldfastError('COMMAND_LOST', `process ${this.id} was lost`);
    return { exitCode };
  }
}

const timed = (timeoutMs: number | undefined) => (timeoutMs === undefined ? {} : { timeoutMs });
const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const statuses = ({ min, max }: { min: number; max: number }) =>
  Array.from({ length: Math.max(0, Math.min(599, max) - min + 1) }, (_, at) => min + at);
