// Starts the shell of a process, and the run that looks after it.
// Invariant: it is on record before it runs; where it cannot be started nothing is left behind.
import { rmSync } from 'node:fs';
import type { Command } from '../command/command.ts';
import { leasesOf } from '../command/leases.ts';
import { openStdinFifo } from '../command/stdin-fifo.ts';
import { bootTicks, ProcessStat } from '../proc/stat.ts';
import type { SessionCopy } from '../session/session.ts';
import { launch } from './launch.ts';
import { type ProcessDeps, ProcessRun } from './process-run.ts';

/** Starts it as a copy of its session. 400 or 500 when its shell cannot be started. */
export function startProcess(
  command: Command,
  copy: SessionCopy,
  cwd: string,
  deps: ProcessDeps,
): ProcessRun {
  const { folder, outputs } = deps;
  const pair = outputs.lease(leasesOf(command, (stream, chunk) => run.output(stream, chunk)));
  const place = { folder, cwd, sessionKey: copy.key, startTicks: bootTicks() };
  let run: ProcessRun;
  try {
    if (command.request.stdinOpen) openStdinFifo(command, deps.fifos, () => true);
    const stdinPath = command.request.stdinOpen ? command.stdin.path : '/dev/null';
    // On record before it runs: an engine that finds this looks whether it does.
    command.recorder.set({
      process: place,
      streams: command.streamsOf(pair),
      ...(command.request.stdinOpen ? { stdin: stdinPath } : {}),
    });
    const [stdoutPath, stderrPath] = [pair.stdout.path, pair.stderr.path];
    const child = launch({ command, copy, cwd, folder, stdinPath, stdoutPath, stderrPath });
    const name = { pid: child.pid, startTicks: ProcessStat.read(child.pid)?.startTicks ?? 0 };
    run = new ProcessRun(command, { ...place, name }, deps, {
      pair,
      watch: (ended) => child.once('exit', (exitCode, signal) => ended({ exitCode, signal })),
    });
    command.start(deps.now(), { process: { ...place, name } });
    return run;
  } catch (error) {
    command.stdin.close();
    outputs.release(pair, () => {});
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
