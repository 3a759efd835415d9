// Goes on with a process that an engine which died had started.
import { existsSync } from 'node:fs';
import type { Command } from '../command/command.ts';
import { keep } from '../command/keep.ts';
import { leasesOf } from '../command/leases.ts';
import { inheritStdinFifo } from '../command/stdin-fifo.ts';
import { type CommandRecord, NOBODY, type ProcessName } from '../journal/state.ts';
import { onceGone } from '../linux/once-gone.ts';
import { processesOf } from '../proc/signal.ts';
import { BEGUN_FILE } from './launch.ts';
import { type ProcessDeps, type ProcessPlace, ProcessRun, type Watch } from './process-run.ts';

/** Undefined if the engine that died had not come to start it. */
export function adoptProcess(
  command: Command,
  record: CommandRecord,
  deps: ProcessDeps,
): ProcessRun | undefined {
  const { log } = command;
  const process = record.process!;
  let run: ProcessRun | undefined;
  if (command.ended) return new ProcessRun(command, { ...process, name: process.name ?? NOBODY }, deps);
  const name = process.name ?? livingRoot(command.id, process);
  if (!name && !existsSync(`${process.folder}/${BEGUN_FILE}`)) return undefined;
  const pair = deps.outputs.resume(
    record.streams!,
    // What the dead engine had taken and not kept comes before there is a run.
    leasesOf(command, (stream, chunk) => (run ? run.output(stream, chunk) : keep(command, stream, chunk))),
    (stream) => (stream === 'stdout' ? log.stdoutBytes : log.stderrBytes),
  );
  if (record.stdin) inheritStdinFifo(command, record.stdin, deps.fifos, () => true);
  const place = { ...process, name: name ?? NOBODY };
  const watch: Watch = (ended) => onceGone(place.name, deps.poller, ended);
  run = new ProcessRun(command, place, deps, { pair, watch });
  if (command.state === 'queued') command.start(deps.now(), { process: place });
  run.resume(record);
  return run;
}

/** The shell of a process that was being started when its engine died. */
function livingRoot(id: string, { sessionKey, startTicks }: ProcessPlace): ProcessName | undefined {
  const command = { id, startTicks, earlierChildren: new Set<number>() };
  const members = processesOf({ sessionKey, shellPid: undefined, command, known: new Map() });
  return members.find(({ pid, session }) => pid === session);
}
