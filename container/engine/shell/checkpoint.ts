// From the state a shell wrote to the script that makes a fresh shell equal. Pure.
// Both are handled as latin1 text, so that bytes which are no UTF-8 come through.
import { quote } from './quote.ts';

export const SECTIONS = [
  'traps',
  'variables',
  'functions',
  'aliases',
  'builtins',
  'completions',
  'umask',
] as const;

/** A state file, taken apart. */
export interface Checkpoint extends Record<(typeof SECTIONS)[number], string> {
  /** Twice the run after which it was written; one more where the shell wrote it at its end. */
  version: number;
  /** `$!`: the shell knows more of what it started in the background than is written here. */
  background: string;
  /** When it was written, in ms since 1970. */
  writtenAt: number;
  /** Its largest parts were left out when it was saved. */
  truncated: boolean;
}

/** Variables that bash sets and keeps itself (bash(1), Shell Variables), or that are the wrapper's. */
const OWN =
  /^(?:__hf_\w*|_|BASH|BASHOPTS|BASHPID|BASH_(?:ALIASES|ARGC|ARGV|ARGV0|CMDS|COMMAND|EXECUTION_STRING|LINENO|SOURCE|SUBSHELL|VERSINFO|VERSION)|COMP_WORDBREAKS|DIRSTACK|EPOCHREALTIME|EPOCHSECONDS|EUID|FUNCNAME|GROUPS|HISTCMD|LINENO|PIPESTATUS|PPID|RANDOM|SHELLOPTS|SRANDOM|UID)$/;
const DECLARATION = /^declare -\S+ (\w+)(?:=|$)/;
/** Options that would end or deafen the fresh shell, or that belong to the wrapper. */
const NEVER_SET = new Set(['onecmd', 'history', 'histexpand', 'noexec']);

export interface StateFile {
  text: string;
  /** What begins the lines between its sections. */
  marker: string;
  /** The shell wrote it at its end. */
  atExit: boolean;
  writtenAt: number;
}

/**
 * Null when it is not whole: the shell was killed while it wrote, or could not tell what every shell has
 * (`enable -n declare`), or what it has (`enable -n compgen`).
 */
export function parseCheckpoint({ text, marker, atExit, writtenAt }: StateFile): Checkpoint | null {
  // At a line's start only: `$_` holds the marker too.
  const parts = text.split(new RegExp(`^${marker}`, 'm'));
  const end = /^end (\d+) (\d*)\n$/.exec(parts.pop() ?? '');
  const [traps, ...written] = parts;
  const found = new Map(written.map((part) => splitAt(part, part.indexOf('\n') + 1)));
  const section = (name: string) => found.get(`${name}\n`);
  const [variables, below, aliases, completions] = WRITTEN.map(section);
  if (!end || traps === undefined || variables === undefined || below === undefined) return null;
  if (aliases === undefined || completions === undefined) return null;
  const umask = /^umask \d+\n/m.exec(below)?.[0];
  if (!/^declare -\S+ SHELLOPTS=/m.test(variables) || umask === undefined) return null;
  const builtins = below.match(/^enable -n \S+\n/gm)?.join('') ?? '';
  if (builtins.includes('enable -n compgen\n')) return null; // there may be functions
  const functions = section('functions') ?? '';
  const version = Number(end[1]) * 2 + (atExit ? 1 : 0);
  return {
    ...{ traps, variables, functions, aliases, builtins, completions, umask },
    ...{ version, background: end[2]!, writtenAt, truncated: false },
  };
}

/** What every state file has, see `__hf_s`. */
const WRITTEN = ['variables', 'umask', 'aliases', 'completions'];

const splitAt = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at)];

export interface RestoreOptions {
  cwd: string;
  /** Largest variables are left out until the script fits. */
  maxBytes: number;
  /** Leave out what runs at a prompt, and which builtins are disabled: it made the last shell deaf. */
  quiet?: boolean;
  /** For `SECONDS`, which counts on while there is no shell. In ms since 1970. */
  now: number;
}

/** Restored last: they change how the rest of the script would be read. */
const LATE = new Set(['IFS', 'POSIXLY_CORRECT']);
const AT_PROMPT: ReadonlySet<string> = new Set(['PROMPT_COMMAND', 'PS0', 'PS1', 'PS2']);
const NONE: ReadonlySet<string> = new Set();

/**
 * The script that a fresh shell sources, as latin1 text like the checkpoint's. Its order matters: what the
 * fresh shell has too much goes first, shell options come before functions that need them to parse, functions
 * after what calls builtins that they may be named as, aliases after functions that they would rewrite, traps
 * and `set` options last.
 */
export function restoreScript(
  checkpoint: Checkpoint,
  { cwd, maxBytes, quiet = false, now }: RestoreOptions,
): { script: string; truncated: boolean } {
  const declarations = splitDeclarations(checkpoint.variables);
  const value = (name: string) => declaredValue(declarations, name);
  const oldpwd = value('OLDPWD');
  const seconds = /^"(\d+)"$/.exec(value('SECONDS') ?? '')?.[1];
  const passed = Math.max(0, Math.floor((now - checkpoint.writtenAt) / 1000));
  const lines = [
    `builtin cd -- ${quote(Buffer.from(cwd).toString('latin1'))}`,
    ...directoryStack(value('DIRSTACK')),
    oldpwd === undefined ? 'unset -v OLDPWD' : `OLDPWD=${oldpwd}`,
    ...(seconds === undefined ? [] : [`SECONDS=${Number(seconds) + passed}`]),
    ...positionalParameters(value(POSITIONAL)),
    checkpoint.completions,
  ];
  const traps = quiet ? checkpoint.traps.replace(/^trap -- [\s\S]*? DEBUG\n/m, '') : checkpoint.traps;
  const { script, truncated } = stateScript(
    { ...checkpoint, traps },
    { go: lines.join('\n'), maxBytes, except: quiet ? AT_PROMPT : NONE },
  );
  const disabled = disabledBuiltins(checkpoint);
  if (quiet || disabled.length === 0) return { script, truncated };
  return { script: `${script}builtin enable -n ${disabled.join(' ')}\n`, truncated };
}

/** Below the directory it is in, pushed from the bottom without going anywhere. */
function directoryStack(value: string | undefined): string[] {
  if (!value?.includes('[1]=')) return [];
  return [
    `__hf_j=${value}`,
    'for ((__hf_t = ${#__hf_j[@]} - 1; __hf_t > 0; __hf_t--)); do',
    '  builtin pushd -n -- "${__hf_j[__hf_t]}" >/dev/null',
    'done',
    'unset -v __hf_j',
  ];
}

/** Where a checkpoint keeps what `set --` has set. */
const POSITIONAL = '__hf_x';

function positionalParameters(value: string | undefined): string[] {
  if (value === undefined || value === '()') return [];
  return [`${POSITIONAL}=${value}`, 'set -- "${__hf_x[@]}"'];
}

/** What `enable -n` has disabled. */
export function disabledBuiltins({ builtins }: Checkpoint): string[] {
  return [...builtins.matchAll(/^enable -n (\S+)$/gm)].map(([, name]) => name!);
}

/** The same without its largest variables, and if that is not enough, functions and the like, until `maxBytes` hold it. */
export function bounded(checkpoint: Checkpoint, maxBytes: number): Checkpoint {
  const parts: [string, string][] = SECTIONS.filter((name) => name !== 'variables').map((name) => [
    `${name}:`,
    checkpoint[name],
  ]);
  const all = [...parts, ...splitDeclarations(checkpoint.variables)];
  const { kept, truncated } = fitting(all, maxBytes);
  if (!truncated) return checkpoint;
  const found = new Map(kept);
  const sections = parts.map(([name]) => [name.slice(0, -1), found.get(name) ?? '']);
  const variables = kept.filter(([name]) => !name.endsWith(':')).map(([, text]) => text);
  return { ...checkpoint, ...Object.fromEntries(sections), variables: variables.join(''), truncated: true };
}

/** The environment of the last call, and its last word: no shell gets them again, and secrets may be in them. */
const OF_THE_CALL = new Set(['__hf_env', '_']);

export function withoutCall(checkpoint: Checkpoint): Checkpoint {
  const declarations = splitDeclarations(checkpoint.variables);
  const kept = declarations.filter(([name]) => !OF_THE_CALL.has(name));
  return { ...checkpoint, variables: kept.map(([, text]) => text).join('') };
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
  const fixed = checkpoint.functions.length + checkpoint.aliases.length + checkpoint.traps.length + go.length;
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
${checkpoint.umask}
${go}
${withoutOwnFunctions(checkpoint.functions)}
${checkpoint.aliases}
${checkpoint.traps}
${text(true)}
${sets
  .filter((name) => name !== 'errexit')
  .map((name) => `builtin set -o ${name}\n`)
  .join('')}\
${sets.includes('errexit') ? 'builtin set -o errexit\n' : ''}`;
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

/** Where the shell was that wrote the state. What else is known of its place may be older than the state, or newer. */
export function savedDirectory(checkpoint: Checkpoint | undefined, otherwise: string): string {
  const pwd = checkpoint && savedVariable(checkpoint, 'PWD');
  return pwd?.startsWith('/') ? pwd : otherwise;
}
