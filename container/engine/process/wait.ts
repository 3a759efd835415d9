// Waiting for a process: for its output, a port, or its exit. A wait ends nothing but itself.
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError, type OutputMatch, type OutputWait, type PortWait, type WaitRequest } from '#protocol';
import type { Command } from '../command/command.ts';
import type { Mark } from '../log/marks.ts';
import { type MaskedLines, readMasked } from '../secrets/masked-lines.ts';
import { finder } from './finder.ts';
import { OutputSearch } from './output-search.ts';
import { portAnswers } from './port-answers.ts';
import type { ProcessRun } from './process-run.ts';

export interface Until {
  /** Aborts when the caller's time has passed. */
  deadline: AbortSignal;
  /** Aborts when the caller went away. */
  left: AbortSignal;
}

export interface Waited {
  /** False when the time passed first. */
  met: boolean;
  match?: OutputMatch;
}

const NEWLINE = 10;
const PORT_EVERY_MS = 50;
/** Many small writes are one look: a pattern looks at more than what is new. */
const SEARCH_EVERY_MS = 10;

/** Throws PROCESS_EXITED when the process ended first. */
export async function waitFor(run: ProcessRun, request: WaitRequest, until: Until): Promise<Waited> {
  switch (request.for) {
    case 'output':
      return await forOutput(run, request, until);
    case 'port':
      return await forPort(run, request, until);
    case 'exit':
      return await forExit(run.command, until);
  }
}

/** Ends early only when the output is complete: a server in the background of an ended shell may still write. */
async function forOutput(run: ProcessRun, request: OutputWait, { deadline, left }: Until): Promise<Waited> {
  const { command } = run;
  const { log } = command;
  const search = new OutputSearch(finder(request));
  let place = log.placeAfter(request.since ?? 0);
  for (;;) {
    const { ended } = command;
    if (place.offset < log.head.offset) place = log.head;
    // What is masked is not found either: else it could be guessed.
    const { lines, end } = readShown(command, place, ended);
    if (lines.length > 0) {
      const found = search.feed(lines, place.seq);
      if (found.match) return { met: true, match: found.match };
      place = end;
      await breathe();
      if (left.aborted) return { met: false };
      continue;
    }
    if (ended) throw exited(run, `${JSON.stringify(request.text ?? request.pattern)} was in its output`);
    if (deadline.aborted || left.aborted) return { met: false };
    await change(command, deadline, left);
    await sleep(SEARCH_EVERY_MS);
  }
}

function readShown({ log, masks }: Command, from: Mark, final: boolean): MaskedLines {
  if (!masks.isEmpty) return readMasked({ log, masks, from, final });
  const lines = log.read(from.offset);
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at >= 0; at = lines.indexOf(NEWLINE, at + 1)) count += 1;
  return { lines, end: { ...from, offset: from.offset + lines.length, seq: from.seq + count } };
}

/** A shell that ended with 0 may have left a daemon, whose port can still come until the output is complete. */
async function forPort(run: ProcessRun, request: PortWait, { deadline, left }: Until): Promise<Waited> {
  const { command } = run;
  for (;;) {
    const over = command.ended || (command.exit !== undefined && command.exit.exitCode !== 0);
    if (await portAnswers(request, left)) return { met: true };
    if (over) throw exited(run, `port ${request.port} answered`);
    if (deadline.aborted || left.aborted) return { met: false };
    await sleep(PORT_EVERY_MS);
  }
}

async function forExit(command: Command, { deadline, left }: Until): Promise<Waited> {
  while (!command.exit) {
    if (deadline.aborted || left.aborted) return { met: false };
    await change(command, deadline, left);
  }
  return { met: true };
}

/** Resolves with the command's next change, or when a signal aborts. */
function change(command: Command, ...signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = command.onChange(done);
    for (const signal of signals) signal.addEventListener('abort', done);
  });
}

function exited(run: ProcessRun, before: string): HoldfastError {
  const info = run.info();
  const how = info.timedOut ? 'ran into its timeout' : `ended with exit code ${info.exitCode}`;
  return new HoldfastError('PROCESS_EXITED', `process ${info.id} ${how} before ${before}`, {
    details: { process: info },
  });
}
