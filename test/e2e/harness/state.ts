// The state of a shell, as commands that fill it and commands that show it.

/** All that a checkpoint must hold, without what bash itself counts on. */
export const SHOW_STATE = `
declare -p | grep -vE '^declare -[-a-zA-Z]+ (_|__hf_\\w*|BASH\\w*|DIRSTACK|EPOCH\\w+|FUNCNAME|GROUPS|HISTCMD|LINENO|PIPESTATUS|PPID|RANDOM|SECONDS|SRANDOM|SHELLOPTS|COLUMNS|LINES|SHLVL)(=|$)'
declare -f | sed '/^__hf_[a-z]* () *$/,/^}$/d'; alias; shopt; set +o; umask; pwd; trap; dirs -v; complete -p; enable -n; printf '<%s>' "$#" "$@"
`;

export const FILL_STATE = `
cd /usr/lib; cd /usr; pushd /tmp; pushd /usr; cd /usr/share; cd /usr
plain='a "quoted" $value'; export EXPORTED=$'with\\nnewline'; declare -i number=5
array=(one "two three" [5]=six); declare -A map=([key]=value ["a b"]="c d")
declare -r constant=1; declare -l lower=ABC; empty=; bytes=$'\\xff\\x01'
declare -n reference=plain
say() { local x="$1"; echo "said $x" <<< here; }
alias ll='ls -l'
shopt -s extglob nullglob; set -o pipefail; umask 027
trap 'echo usr1' USR1
trap '' USR2
set -- first 'second one' $'third\\nline' ''
complete -W 'some words' completed
enable -n test
`;
