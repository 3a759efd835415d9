// What runs in a terminal: a bash that first becomes a copy of its session's, to be typed into or with a text to run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { LIMITS } from '#protocol';
import type { SessionCopy } from '../session/session.ts';
import { BASH } from '../shell/bash.ts';
import { type Checkpoint, copyScript } from '../shell/checkpoint.ts';
import { OFFER_FIRST } from '../shell/oom-score.ts';
import { quote } from '../shell/quote.ts';
import type { PtyProgram } from './pty.ts';

export interface TerminalLaunch {
  copy: SessionCopy;
  /** By which all that it starts is found: `__hf_id` in the environment. */
  mark: string;
  env: Record<string, string>;
  /** Absent for an interactive bash. */
  command: string | undefined;
  /** For its scripts; exists. */
  folder: string;
}

/** What viewers understand; a terminal's own, whatever the session's shell has. */
const TERM = 'xterm-256color';
/** They are about the terminal that a shell has, and a session's shell has none. */
const OF_THE_TERMINAL = ['TERM', 'COLUMNS', 'LINES'];
/** Session shells go without: a checkpoint that lacks them does not mean that the user removed them. */
const OF_THE_PROMPT = ['PS1', 'PS2', 'HISTFILE', 'HISTSIZE', 'HISTFILESIZE', 'HISTCMD', 'MAILCHECK'];

/** Writes the scripts, and says what is to be started. */
export function terminalProgram(launch: TerminalLaunch): Pick<PtyProgram, 'file' | 'args' | 'env'> {
  const { copy, mark, env, command, folder } = launch;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string, encoding: BufferEncoding = 'utf8') =>
    writeFileSync(`${folder}/${name}`, text, { mode: 0o600, encoding });
  write('state', copy.state ? stateScript(copy.state, launch) : '', 'latin1');
  const all = { ...copy.env, TERM, ...env, __hf_id: mark };
  if (command === undefined) {
    write('rc', interactiveScript(folder));
    return { file: BASH, args: ['--noprofile', '--rcfile', `${folder}/rc`, '-i'], env: all };
  }
  write('command', command);
  write('copy', commandScript(folder, env));
  // As for processes: BASH_ENV makes the copy before the text is read; the caller's own is kept aside.
  const kept: Record<string, string> = env.BASH_ENV === undefined ? {} : { __hf_b: env.BASH_ENV };
  return {
    file: BASH,
    args: ['--noprofile', '--norc', `${folder}/command`],
    env: { ...all, ...kept, BASH_ENV: `${folder}/copy` },
  };
}

function stateScript(state: Checkpoint, { env, command }: TerminalLaunch): string {
  const lacking = OF_THE_PROMPT.filter(
    (name) => !new RegExp(`^declare -\\S+ ${name}=`, 'm').test(state.variables),
  );
  const own = [...OF_THE_TERMINAL, ...(command === undefined ? lacking : [])];
  const except = new Set([...Object.keys(env), ...own, '__hf_id', '__hf_session']);
  return copyScript(state, { except, maxBytes: LIMITS.checkpointBytes });
}

/**
 * The user's own start-up files first, so that the session's state has the last word. Line editing, history and
 * job control are what a session's shell has not; `errexit` would close the terminal at the first mistake.
 */
function interactiveScript(folder: string): string {
  return `\
${OFFER_FIRST}
[[ ! -r /etc/bash.bashrc ]] || . /etc/bash.bashrc
[[ ! -r ~/.bashrc ]] || . ~/.bashrc
. ${quote(`${folder}/state`)} 2>/dev/null
[[ -o vi ]] || builtin set -o emacs
builtin set -o history -o histexpand -o monitor +o errexit
unset -v __hf_t
`;
}

function commandScript(folder: string, env: Record<string, string>): string {
  return `\
${OFFER_FIRST}
${env.BASH_ENV === undefined ? 'unset BASH_ENV' : 'BASH_ENV=$__hf_b; unset __hf_b'}
. ${quote(`${folder}/state`)} 2>/dev/null
`;
}
