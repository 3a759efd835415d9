// What a fresh shell reads first: the wrapper's functions. They are parsed here, before the user can
// define an alias, are read-only, and name nothing outside `__hf_`.
//
// Reports are made by redirections alone. A line without words runs no builtin, so nothing the user
// redefines stands in its way, and bash neither traces nor forks for it. One such line
//   - creates the exit file, whose name holds the status: one open(2), so it is there whole or not at all;
//   - fails to open a path under /dev/null, so that bash itself writes that path, and with it the report,
//     to file descriptor 2, which the line points at the control FIFO.
import { OFFER_FIRST } from './oom-score.ts';
import { quote } from './quote.ts';

/** Paths of one session's control files. */
export interface ShellPaths {
  /** FIFO that the shell reads its lines from. */
  input: string;
  /** FIFO that the shell's reports go to. */
  control: string;
  /** Folder of exit files, `<key>.<run>.<status>`. */
  exits: string;
  /** Folder of this session's control files. */
  folder: string;
}

/** `key` tells this shell's reports from any other's. */
export function rcFile(paths: ShellPaths, key: string): string {
  const path = (name: string) => quote(`${paths.folder}/${name}`);
  const call = (name: string) => `"$__hf_f/call.$1.${name}"`;
  const section = (name: string) => `"\${__hf_p[@]}" echo '${markerOf(key)}${name}'`;
  return `\
${OFFER_FIRST}
set +o history +o histexpand
unset PS1 PS2 HISTFILE HISTSIZE HISTFILESIZE MAILCHECK
__hf_f=${quote(paths.folder)}
__hf_k=0 __hf_r=0 __hf_s=0 __hf_q= __hf_t=0 __hf_p=() __hf_x=()
export __hf_id=
__hf_y() { [[ 1 ]]; }
# Finds a way to call builtins past functions of the user's: builtin, else command, else the bare name. A function
# of that name cannot set what this one's arguments are.
__hf_b() {
  builtin set -- builtin
  [[ \${1-} ]] || command set -- command
  __hf_p=("$@")
  [[ 1 ]]
}
# Before a command: its run, the run whose checkpoint proves that sourcing works, the last status, the
# command's id, the status that skips it. The file named started tells a shell that died with the command
# from one that died before it.
__hf_a() {
  __hf_q=B
  [[ $__hf_k == "$2" ]] || return "$5"
  __hf_b
  __hf_id=$4 __hf_q= __hf_s=0
  >|${path('started')}
  return "$3"
}
# The same for a call with its own cwd or env, which wait in files: how many names, how many directories.
# What the names were is saved; a nameref or an attribute must not bend the new value.
__hf_e() {
  __hf_q=B
  [[ $__hf_k == "$2" ]] || return "$5"
  __hf_b
  __hf_q=E
  "\${__hf_p[@]}" mapfile -d '' -t __hf_names <${call('names')} || return "$5"
  "\${__hf_p[@]}" mapfile -d '' -t __hf_env <${call('env')} || return "$5"
  "\${__hf_p[@]}" mapfile -d '' -t __hf_c <${call('cwd')} || return "$5"
  [[ \${#__hf_names[@]} == "$6" && \${#__hf_c[@]} == "$7" ]] || return "$5"
  "\${__hf_p[@]}" unset -v __hf_u && "\${__hf_p[@]}" declare -p __hf_q || return "$5"
  __hf_n=$1 __hf_w=\${PWD-} __hf_o=\${OLDPWD-} __hf_u=\${OLDPWD+set}
  for __hf_t in "\${__hf_names[@]}"; do "\${__hf_p[@]}" declare -p "$__hf_t"; done >|${call('saved')}
  for __hf_t in "\${__hf_names[@]}"; do "\${__hf_p[@]}" unset -n "$__hf_t"; "\${__hf_p[@]}" unset -v "$__hf_t"; done
  for __hf_t in "\${__hf_env[@]}"; do "\${__hf_p[@]}" export "$__hf_t" || return "$5"; done
  if [[ \${#__hf_c[@]} != 0 ]]; then "\${__hf_p[@]}" cd -- "\${__hf_c[0]}" || return "$5"; fi
  __hf_id=$4 __hf_q= __hf_s=0
  >|${path('started')}
  return "$3"
}
# Each variable is one more to write after each command: these are there for such a call only.
__hf_u() { "\${__hf_p[@]}" unset -v __hf_n __hf_w __hf_o __hf_u __hf_m __hf_names __hf_env __hf_c; }
# What such a call set stays: there is nothing to undo.
__hf_l() {
  __hf_b
  __hf_u || [[ 1 ]]
}
# After such a call: forgets its variables and goes back, as near as that is still possible. What was saved
# is sourced by the line itself, since declarations in a function would be local to it.
__hf_v() {
  [[ \${__hf_n-} ]] || return 0
  __hf_n=
  __hf_b
  for __hf_m in "\${__hf_names[@]}"; do "\${__hf_p[@]}" unset -n "$__hf_m"; "\${__hf_p[@]}" unset -v "$__hf_m"; done
  if [[ \${#__hf_c[@]} != 0 ]]; then
    until [[ ! $__hf_w ]] || "\${__hf_p[@]}" cd -- "$__hf_w"; do __hf_w=\${__hf_w%/*}; done
    [[ $__hf_w ]] || "\${__hf_p[@]}" cd /
    if [[ \${__hf_u-} ]]; then OLDPWD=$__hf_o; else "\${__hf_p[@]}" unset -v OLDPWD; fi
  fi
  __hf_u || [[ 1 ]]
}
# Whether a run was reported, and if another one is named, whether its checkpoint was written.
__hf_d() {
  [[ $__hf_r == "$1" && ( ! \${2-} || $__hf_k == "\${2-}" || $__hf_q == B ) ]]
}
# After every command: the shell's own descriptors put right if the user closed them, and the report. A text
# whose redirections failed, so that it was never read, did not run. With a second argument it fails where a
# checkpoint is to be written: not by a shell that cannot be trusted with one.
__hf_z() {
  [[ /dev/fd/0 -ef ${quote(paths.input)} && /dev/fd/1 -ef ${quote(paths.control)} ]] ||
    exec 0<>${quote(paths.input)} 1<>${quote(paths.control)} 2>/dev/null
  if [[ ! $__hf_q ]]; then
    if [[ \${__hf_s-} == 0 ]]; then __hf_q=B; else __hf_q=$__hf_t; fi
  fi
  ! 2>&1 >|${quote(`${paths.exits}/${key}.`)}"$1.$__hf_q" \\
    3<"/dev/null/${key}.$1/$__hf_q/\${TMOUT-}/\${PWD-}/__hf_$((__hf_r = $1))_"
  [[ ! \${2-} || $__hf_q == B ]] && return
  __hf_b
  [[ ! 1 ]]
}
# The same for a checkpoint that is asked for by itself.
__hf_g() {
  [[ $__hf_k == "$1" || $__hf_q == B ]] && return
  __hf_b
  [[ ! 1 ]]
}
# Prints the state, in sections behind marker lines: all but traps, which are printed before it, on the line that
# calls it, because bash hides a DEBUG trap from a function. Its arguments are the shell's own. bash fills DIRSTACK
# only for whoever names it. To print the wrapper's own functions takes as long as half of the rest, so where there
# are no others none are printed; what there are stands below the umask.
__hf_s() {
  __hf_x=("$@")
  [[ \${DIRSTACK-} ]]
  ${section('variables')}
  "\${__hf_p[@]}" declare -p
  ${section('umask')}
  "\${__hf_p[@]}" umask -p
  "\${__hf_p[@]}" enable -n
  if "\${__hf_p[@]}" compgen -A function -X '__hf_*'; then
    ${section('functions')}
    "\${__hf_p[@]}" declare -f
    "\${__hf_p[@]}" declare -Fx
    "\${__hf_p[@]}" declare -Fr
  fi
  ${section('aliases')}
  "\${__hf_p[@]}" alias -p
  ${section('completions')}
  "\${__hf_p[@]}" complete -p
  "\${__hf_p[@]}" echo "${markerOf(key)}end $__hf_r \${!:-}"
}
trap '"\${__hf_p[@]}" . "$__hf_f/at-exit"' EXIT
readonly -f __hf_y __hf_b __hf_a __hf_e __hf_u __hf_l __hf_v __hf_d __hf_z __hf_g __hf_s
`;
}

/** What separates the sections of a shell's state files. */
export function markerOf(key: string): string {
  return `__hf_${key}:`;
}

/**
 * Is sourced when the state was printed. It sets `__hf_k`, which the next command's line compares: a shell whose `.`
 * does nothing any more is found out that way.
 */
export const PROOF = '__hf_k=$__hf_r\n';

/**
 * What the EXIT trap sources: a file named after the status, and the state once more, when the shell ends by itself,
 * without a call's own cwd and env. Inside a function, which `exit` may have been called in, `$@` is the function's:
 * the one of the last checkpoint stays.
 */
export function atExitScript(folder: string): string {
  const path = (name: string) => quote(`${folder}/${name}`);
  return `\
>|${path('ended')}.$?
if [[ \${__hf_n-} ]]; then
  __hf_h=$__hf_n
  __hf_v || __hf_y
  "\${__hf_p[@]}" . "$__hf_f/call.$__hf_h.saved" || __hf_y
fi
__hf_h=
for __hf_t in "\${FUNCNAME[@]}"; do [[ $__hf_t == source ]] || __hf_h=1; done
[[ $__hf_h ]] || __hf_x=("$@")
{ "\${__hf_p[@]}" trap -p; __hf_s "\${__hf_x[@]}"; } >|${path('state.exit')} || __hf_y
`;
}
