// The lines typed into a shell to run one command. Pure.
// No user text is ever in them: it waits in files. The redirections stand on the sourcing command itself,
// so that `set -x` shows nothing of the wrapper, and no line holds a word that could be an alias.
import { quote } from './quote.ts';

export interface RunLines {
  /** Number of this run in its session. */
  run: number;
  /** Run number of the last checkpoint that was asked for. */
  checkpoint: number;
  /** `$?` as the command finds it. */
  lastStatus: number;
  commandId: string;
  /** Folder of the session's control files. */
  folder: string;
  stdinPath: string;
  stdoutPath: string;
  stderrPath: string;
  /** The call has its own cwd or env. */
  scope: Scope | undefined;
  /** Write the state afterwards. */
  withCheckpoint: boolean;
}

/** A call's own environment, which waits in the files `call.<run>.names`, `.env` and `.cwd`. */
export interface Scope {
  names: number;
  directories: number;
  /** What the call set stays set. */
  stays: boolean;
}

const DOT = '"${__hf_p[@]}" .';

export function runLines(line: RunLines): string {
  const { run, scope } = line;
  const file = (name: string) => quote(`${line.folder}/${name}`);
  // The builtin `.` is called past a function of that name, see `__hf_b`. `$?` is set by a function that
  // returns it, in a list where a failure neither ends the shell nor traps.
  const [skip, join] = line.lastStatus === 0 ? [1, '&&'] : [0, '||'];
  const counts = scope ? ` ${scope.names} ${scope.directories}` : '';
  const begin = `${scope ? '__hf_e' : '__hf_a'} ${run} ${line.checkpoint} ${line.lastStatus} ${line.commandId} ${skip}${counts}`;
  // The last redirection changes nothing; that it was expanded shows that those before it were made.
  const streams =
    `<${quote(line.stdinPath)} 1<>${quote(line.stdoutPath)} 2<>${quote(line.stderrPath)} ` +
    `2>&$((__hf_s = ${run}, 2))`;
  const undo = !scope
    ? ''
    : scope.stays
      ? '__hf_l;'
      : `__hf_v||__hf_y;${DOT} ${file(`call.${run}.saved`)}||__hf_y;`;
  const report = line.withCheckpoint ? `__hf_z ${run} 1||${saveState(run, line.folder)}` : `__hf_z ${run}`;
  const again = line.withCheckpoint
    ? `__hf_d ${run}||{ ${undo}__hf_z ${run}; };${checkpointLine(run, line.folder)}`
    : `${undo}__hf_z ${run}`;
  // The first line does it all. The second is for what aborts it, such as an interrupt. It is seldom needed, and bash
  // reads a word in quotes faster than the commands in it.
  return (
    `${begin}${join}${DOT} ${file('command')} ${streams};__hf_t=$?;${undo}${report}\n` +
    `__hf_t=$?;__hf_d ${run} ${line.withCheckpoint ? run : ''}||{ __hf_b;"\${__hf_p[@]}" eval ${quote(again)}||__hf_y; }\n`
  );
}

/** The line that writes the checkpoint of run `run`, unless it is there. */
export function checkpointLine(run: number, folder: string): string {
  return `__hf_g ${run}||${saveState(run, folder)}\n`;
}

/** The lines that bring a fresh shell to a saved state and report as run `run`, whose checkpoint is still to be written. */
export function restoreLines(run: number, folder: string): string {
  return `__hf_b;${DOT} ${quote(`${folder}/restore`)}||__hf_y\n__hf_k=0 __hf_q=0;__hf_z ${run}\n`;
}

/** Two files take turns, so that one is always whole. */
function saveState(run: number, folder: string): string {
  const file = (name: string) => quote(`${folder}/${name}`);
  return `{ "\${__hf_p[@]}" trap -p;__hf_s "$@";${DOT} ${file('proof')}; } >|${file(`state.${run % 2}`)}||__hf_y`;
}
