// What a session's shell should be: the parts of its state that chaos changes. Pure, and never changed in place.

/** All the names that plans use, so that one dump shows them all. */
export const NAMES = {
  scalars: ['hv0', 'hv1', 'hv2', 'hv3', 'hv4'],
  arrays: ['ha0', 'ha1', 'ha2'],
  functions: ['hf0', 'hf1', 'hf2'],
  aliases: ['hl0', 'hl1', 'hl2'],
  /** `set -o` ones and `shopt` ones. */
  sets: ['noglob', 'nounset', 'noclobber'],
  shopts: ['extglob', 'dotglob', 'globstar'],
} as const;

/** Folders that every sandbox has. */
export const FOLDERS = ['/tmp', '/usr/lib', '/etc', '/var/log', '/usr/share', '/', '/bin', '/usr/bin/../lib'];

export interface State {
  readonly cwd: string;
  readonly oldCwd: string;
  readonly umask: string;
  readonly scalars: Readonly<Record<string, { value: string; exported: boolean }>>;
  readonly arrays: Readonly<Record<string, readonly string[]>>;
  /** The word that each prints. */
  readonly functions: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, string>>;
  /** Those that are on. */
  readonly options: Readonly<Record<string, true>>;
}

/** Run first in a session that was made in /tmp; what is not told by the one who made it is the same after it. */
export const NORMALISE = 'cd /; cd /tmp; umask 022';

export const FIRST: State = {
  cwd: '/tmp',
  oldCwd: '/',
  umask: '0022',
  scalars: {},
  arrays: {},
  functions: {},
  aliases: {},
  options: {},
};

/** Before that. A container that is lost soon takes the session back to it. */
export const NEW: State = { ...FIRST, oldCwd: '' };

/** Where `cd` from the one to the other ends, as bash without -P says it. */
export function entered(state: State, folder: string): State {
  return { ...state, cwd: folder === '/usr/bin/../lib' ? '/usr/lib' : folder, oldCwd: state.cwd };
}

export function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  const { [name]: _, ...rest } = record;
  return rest;
}

const { scalars, arrays, functions, aliases, sets, shopts } = NAMES;

/** Prints the state; in a subshell, so that it leaves no trace. */
export const DUMP = `(
set +o nounset
printf 'cwd=%s old=%s umask=%s\\n' "$PWD" "\${OLDPWD-}" "$(umask)"
declare -n r
for n in ${scalars.join(' ')}; do
  declare -n r=$n
  if [[ \${r+x} ]]; then printf '%s[%s]=%s\\n' $n "\${r@a}" "$r"; fi
  unset -n r
done
for n in ${arrays.join(' ')}; do
  declare -n r=$n
  if [[ \${r[0]+x} ]]; then printf '%s[%s](%d)' $n "\${r@a}" \${#r[@]}; printf '<%s>' "\${r[@]}"; echo; fi
  unset -n r
done
for n in ${functions.join(' ')}; do if declare -F $n >/dev/null; then printf '%s: ' $n; $n; fi; done
for n in ${aliases.join(' ')}; do alias $n 2>/dev/null; done
for n in ${sets.join(' ')}; do if [[ $n == nounset ]]; then n=; elif [[ -o $n ]]; then echo on:$n; fi; done
for n in ${shopts.join(' ')}; do if shopt -q $n; then echo on:$n; fi; done
)
if [[ -o nounset ]]; then echo on:nounset; fi`;

/** What `DUMP` prints in that state. */
export function dumpOf(state: State): string {
  const lines = [`cwd=${state.cwd} old=${state.oldCwd} umask=${state.umask}`];
  for (const name of scalars) {
    const scalar = state.scalars[name];
    if (scalar) lines.push(`${name}[${scalar.exported ? 'x' : ''}]=${scalar.value}`);
  }
  for (const name of arrays) {
    const items = state.arrays[name];
    if (items) lines.push(`${name}[a](${items.length})${items.map((item) => `<${item}>`).join('')}`);
  }
  for (const name of functions) if (state.functions[name]) lines.push(`${name}: ${state.functions[name]}`);
  for (const name of aliases)
    if (state.aliases[name]) lines.push(`alias ${name}='echo ${state.aliases[name]}'`);
  for (const name of [...sets, ...shopts]) {
    if (name !== 'nounset' && state.options[name]) lines.push(`on:${name}`);
  }
  if (state.options.nounset) lines.push('on:nounset');
  return lines.map((line) => `${line}\n`).join('');
}

/** Equal for equal states. */
export const keyOf = dumpOf;
