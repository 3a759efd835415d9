// From the state a shell wrote to the script that makes a fresh shell equal. Pure.
// Both are handled as latin1 text, so that bytes which are no UTF-8 come through.
import { quote } from './quote.ts';

/** A state file, taken apart. */
export interface Checkpoint {
  /** The run after which it was written. */
  run: number;
  traps: string;
  variables: string;
  functions: string;
  aliases: string;
  umask: string;
}

/** Variables that bash sets and keeps itself (bash(1), Shell Variables), or that are the wrapper's. */
const OWN =
  /^(?:__hf_\w*|_|BASH|BASHOPTS|BASHPID|BASH_(?:ALIASES|ARGC|ARGV|ARGV0|CMDS|COMMAND|EXECUTION_STRING|LINENO|SOURCE|SUBSHELL|VERSINFO|VERSION)|COMP_WORDBREAKS|DIRSTACK|EPOCHREALTIME|EPOCHSECONDS|EUID|FUNCNAME|GROUPS|HISTCMD|LINENO|PIPESTATUS|PPID|RANDOM|SHELLOPTS|SRANDOM|UID)$/;
const DECLARATION = /^declare -\S+ (\w+)(?:=|$)/;
/** Options that would end or deafen the fresh shell, or that belong to the wrapper. */
const NEVER_SET = new Set(['onecmd', 'history', 'histexpand', 'noexec']);

/** Null when the text is not whole: the shell was killed while it wrote. */
export function parseCheckpoint(text: string, marker: string): Checkpoint | null {
  // At a line's start only: `$_` holds the marker too.
  const parts = text.split(new RegExp(`^${marker}`, 'm'));
  const [traps, variables, functions, aliases, umask, end] = parts;
  if (parts.length !== 6 || !end?.endsWith('\n')) return null;
  const body = (part: string, name: string) =>
    part.startsWith(`${name}\n`) ? part.slice(name.length + 1) : '';
  return {
    run: Number(end.slice('end '.length)),
    traps: traps!,
    variables: body(variables!, 'variables'),
    functions: body(functions!, 'functions'),
    aliases: body(aliases!, 'aliases'),
    umask: body(umask!, 'umask'),
  };
}

export interface RestoreOptions {
  cwd: string;
  /** Largest variables are left out until the script fits. */
  maxBytes: number;
  /** Leave out what runs at a prompt: it made the last shell deaf. */
  quiet?: boolean;
}

/** Restored last: they change how the rest of the script would be read. */
const LATE = new Set(['IFS', 'POSIXLY_CORRECT']);
const AT_PROMPT: ReadonlySet<string> = new Set(['PROMPT_COMMAND', 'PS0', 'PS1', 'PS2']);
const NONE: ReadonlySet<string> = new Set();

/**
 * The script that a fresh shell sources, as latin1 text like the checkpoint's. Its order matters: what the
 * fresh shell has too much goes first, shell options come before functions that need them to parse, aliases
 * after functions that they would rewrite, traps and `set` options last.
 */
export function restoreScript(
  checkpoint: Checkpoint,
  { cwd, maxBytes, quiet = false }: RestoreOptions,
): { script: string; truncated: boolean } {
  const oldpwd = declaredValue(splitDeclarations(checkpoint.variables), 'OLDPWD');
  const go =
    `builtin cd -- ${quote(Buffer.from(cwd).toString('latin1'))}\n` +
    (oldpwd === undefined ? 'unset -v OLDPWD' : `OLDPWD=${oldpwd}`);
  const traps = quiet ? checkpoint.traps.replace(/^trap -- [\s\S]*? DEBUG\n/m, '') : checkpoint.traps;
  return stateScript({ ...checkpoint, traps }, { go, maxBytes, except: quiet ? AT_PROMPT : NONE });
}

/** How a copy of the state differs from the shell it was taken of. */
export interface CopyOptions {
  /** Variables that the copy has in its environment already. */
  except: ReadonlySet<string>;
  maxBytes: number;
}

/**
 * The script that a process of its own sources, as latin1 text: variables, functions, aliases, options and
 * umask. Its cwd it has already; of the traps it keeps only what is ignored, as a subshell does (bash(1),
 * COMMAND EXECUTION ENVIRONMENT).
 */
export function copyScript(checkpoint: Checkpoint, { except, maxBytes }: CopyOptions): string {
  const traps = checkpoint.traps
    .split('\n')
    .filter((line) => line.startsWith("trap -- '' "))
    .join('\n');
  const given = new Set([...except, 'PWD', 'OLDPWD']);
  return stateScript({ ...checkpoint, traps }, { go: '', maxBytes, except: given }).script;
}

interface StateOptions {
  /** Enters the working directory. */
  go: string;
  maxBytes: number;
  /** Variables that are left as they are. */
  except: ReadonlySet<string>;
}

function stateScript(
  checkpoint: Checkpoint,
  { go, maxBytes, except }: StateOptions,
): { script: string; truncated: boolean } {
  const declarations = splitDeclarations(checkpoint.variables);
  const names = [...declarations.map(([name]) => name), ...except];
  const wanted = declarations.filter(([name]) => !OWN.test(name) && !except.has(name));
  const fixed = checkpoint.functions.length + checkpoint.aliases.length + checkpoint.traps.length;
  const { kept, truncated } = fitting(wanted, maxBytes - fixed);
  const text = (late: boolean) =>
    kept
      .filter(([name]) => LATE.has(name) === late)
      .map(([, declaration]) => declaration)
      .join('');
  const shopts = options(declarations, 'BASHOPTS');
  const sets = options(declarations, 'SHELLOPTS').filter((name) => !NEVER_SET.has(name));
  const script = `\
for __hf_t in $(compgen -A variable); do
  case ${quote(` ${names.join(' ')} `)} in *" $__hf_t "*) ;; *) unset -v "$__hf_t" ;; esac
done
for __hf_t in \${BASHOPTS//:/ }; do
  case ${quote(`:${shopts.join(':')}:`)} in *":$__hf_t:"*) ;; *) shopt -u "$__hf_t" ;; esac
done
for __hf_t in \${SHELLOPTS//:/ }; do
  case ${quote(`:${sets.join(':')}:interactive-comments:`)} in *":$__hf_t:"*) ;; *) set +o "$__hf_t" ;; esac
done
shopt -s ${shopts.join(' ')}
${text(false)}
${withoutOwnFunctions(checkpoint.functions)}
${checkpoint.aliases}
${checkpoint.umask}
${go}
${checkpoint.traps}
${text(true)}
${sets
  .filter((name) => name !== 'errexit')
  .map((name) => `set -o ${name}\n`)
  .join('')}\
${sets.includes('errexit') ? 'set -o errexit\n' : ''}`;
  return { script, truncated };
}

/** Without the largest ones until the rest fits. */
function fitting(
  declarations: [string, string][],
  maxBytes: number,
): { kept: [string, string][]; truncated: boolean } {
  let size = declarations.reduce((sum, [, text]) => sum + text.length, 0);
  const left = new Set<string>();
  for (const [name, text] of [...declarations].sort(([, a], [, b]) => b.length - a.length)) {
    if (size <= maxBytes) break;
    left.add(name);
    size -= text.length;
  }
  return { kept: declarations.filter(([name]) => !left.has(name)), truncated: left.size > 0 };
}

/** Value of a variable in the state; undefined if it is not set, or holds what bash quotes as `$'...'`. */
export function savedVariable(checkpoint: Checkpoint, name: string): string | undefined {
  const quoted = splitDeclarations(checkpoint.variables)
    .find(([found]) => found === name)?.[1]
    .match(/="([\s\S]*)"\n$/)?.[1];
  return quoted && Buffer.from(quoted.replace(/\\([\\"$`])/g, '$1'), 'latin1').toString();
}

/** `declare -p` as [name, text] pairs; a value may hold newlines. */
function splitDeclarations(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const line of text.split(/(?<=\n)/)) {
    const name = DECLARATION.exec(line.trimEnd())?.[1];
    const last = pairs[pairs.length - 1];
    if (name !== undefined) pairs.push([name, line]);
    else if (last) last[1] += line;
  }
  return pairs;
}

/** As bash quoted it. */
function declaredValue(declarations: [string, string][], name: string): string | undefined {
  return declarations.find(([found]) => found === name)?.[1].match(/=(.*)\n$/)?.[1];
}

function options(declarations: [string, string][], name: string): string[] {
  const value = declarations.find(([found]) => found === name)?.[1].match(/="([^"]*)"/)?.[1] ?? '';
  return value.split(':').filter((option) => option !== '');
}

function withoutOwnFunctions(functions: string): string {
  return functions
    .replace(/^__hf_\w+ \(\) \n\{[\s\S]*?\n\}\n/gm, '')
    .replace(/^declare -\S+ __hf_\w+\n/gm, '');
}
