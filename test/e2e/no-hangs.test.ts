// Nothing that a user types can hang a session: every text ends as it does in a terminal or in
// `bash -c`, and the same session answers the next command within a second.
import { describe, expect } from 'vitest';
import { api } from './harness/api.ts';
import { bash } from './harness/bash.ts';
import { test } from './harness/session.ts';

interface Case {
  name: string;
  command: string;
  /** Where it is not what `bash -c` gives; null for any. */
  exitCode?: number | null;
  /** Where it is not what `bash -c` writes. */
  stdout?: string | RegExp;
  /** Of `echo ok` afterwards, where a trap of the user speaks as well. */
  next?: RegExp;
  shellRestarted?: boolean;
}

const CASES: Case[] = [
  { name: 'an unclosed double quote', command: 'echo "abc', exitCode: 2 },
  { name: 'an unclosed single quote', command: "echo a\necho 'abc\n", exitCode: 2 },
  { name: 'an unclosed backquote', command: 'echo `date' },
  { name: 'an unclosed $(', command: 'echo $(echo a' },
  { name: 'an unclosed ${', command: 'echo ${a' },
  { name: 'an unfinished heredoc', command: 'cat <<EOF\nhello', exitCode: 0 },
  { name: 'a heredoc without a body', command: 'cat <<EOF', exitCode: 0 },
  { name: 'a closing parenthesis', command: ')', exitCode: 2 },
  { name: 'a syntax error behind a good line', command: 'echo a\n)\necho b', exitCode: 2 },
  { name: 'an if without its end', command: 'if true', exitCode: 2 },
  { name: 'a while without its end', command: 'while true; do echo a', exitCode: 2 },
  { name: 'a function without its end', command: 'f() {', exitCode: 2 },
  { name: 'braces that would close a wrapper', command: '}; echo b; {', exitCode: 2 },
  { name: 'a parenthesis that would close a wrapper', command: ') ; echo b; (', exitCode: 2 },
  { name: 'a backslash at the end', command: 'echo a \\' },
  { name: 'a pipe at the end', command: 'echo a |', exitCode: 2 },
  { name: 'an && at the end', command: 'true &&', exitCode: 2 },
  { name: 'an empty command', command: '', exitCode: 0 },
  { name: 'only blanks', command: ' \n\t\n', exitCode: 0 },
  { name: 'a comment', command: '# nothing', exitCode: 0 },
  { name: 'a comment that would swallow a wrapper', command: 'echo a # nothing', exitCode: 0 },
  { name: 'CRLF behind an argument', command: 'echo a\r\necho b\r\n', exitCode: 0 },
  { name: 'CRLF behind a command', command: 'true\r\n', exitCode: 127 },
  { name: 'a command that is not there', command: 'no-such-command', exitCode: 127 },
  { name: 'return outside a function', command: 'echo a; return 5; echo b', exitCode: null, stdout: 'a\n' },
  { name: 'break outside a loop', command: 'break; echo a' },
  { name: 'exit 3', command: 'exit 3', exitCode: 3, shellRestarted: true },
  { name: 'exit without a code', command: '(exit 4); exit', exitCode: 4, shellRestarted: true },
  { name: 'exit 256', command: 'exit 256', exitCode: 0, shellRestarted: true },
  { name: 'exec ls', command: 'exec ls -d /usr /tmp', exitCode: 0, shellRestarted: true },
  { name: 'exec of what is not there', command: 'exec /no/such/program', exitCode: null },
  { name: 'logout', command: 'logout', exitCode: null },
  { name: 'set -e then false', command: 'set -e; false; echo a', exitCode: 1, shellRestarted: true },
  { name: 'set -u then an unset variable', command: 'set -u; echo $no_such_variable; echo a', exitCode: 1 },
  { name: '${x:?}', command: 'echo ${no_such_variable:?}; echo a', exitCode: null, stdout: '' },
  { name: 'set -n', command: 'set -n', exitCode: 0 },
  { name: 'PATH=/nowhere', command: 'PATH=/nowhere', exitCode: 0 },
  { name: 'unset PROMPT_COMMAND', command: 'unset PROMPT_COMMAND', exitCode: 0 },
  { name: 'PROMPT_COMMAND=false', command: 'PROMPT_COMMAND=false', exitCode: 0 },
  { name: 'PROMPT_COMMAND=exit', command: 'PROMPT_COMMAND="exit 9"', exitCode: null },
  { name: 'readonly variables', command: 'readonly PROMPT_COMMAND PS1 PATH IFS x=1; x=2', exitCode: null },
  {
    name: 'every variable readonly',
    command: 'for v in $(compgen -v | grep -v ^__hf_); do readonly "$v" 2>/dev/null; done; true',
    exitCode: 0,
  },
  {
    name: 'every variable unset',
    command: 'for v in $(compgen -v); do unset "$v" 2>/dev/null; done; true',
    exitCode: 0,
  },
  {
    name: 'every function unset',
    command: 'for f in $(compgen -A function); do unset -f "$f"; done; true',
    exitCode: 0,
  },
  {
    name: 'closing descriptors 3 to 250',
    command: 'for ((i = 3; i <= 250; i++)); do eval "exec $i>&-"; done; echo a',
    exitCode: 0,
  },
  { name: 'closing stdin, stdout and stderr', command: 'exec 0<&- 1>&- 2>&-', exitCode: 0 },
  { name: 'exec >/dev/null', command: 'exec >/dev/null; echo a', exitCode: 0 },
  { name: 'exec </dev/zero', command: 'exec </dev/zero', exitCode: 0 },
  { name: 'exec 2>&1', command: 'exec 2>&1; ls /no-such-file >/dev/null; echo a' },
  { name: 'a trap on EXIT', command: "trap 'echo bye' EXIT; echo a", exitCode: 0, stdout: 'a\n' },
  {
    name: 'a trap on EXIT, and exit',
    command: "trap 'echo bye' EXIT; exit 4",
    exitCode: 4,
    shellRestarted: true,
  },
  { name: 'a trap on INT', command: "trap 'echo int' INT; echo a", exitCode: 0 },
  { name: 'a trap on ERR', command: "trap 'echo err' ERR; false; true", exitCode: 0 },
  { name: 'a trap on DEBUG', command: "trap 'echo debug' DEBUG", exitCode: 0, next: /^(debug\n)*ok\n$/ },
  {
    // Texts are sourced, and for bash the end of a sourced text is a return.
    name: 'a trap on RETURN',
    command: "trap 'echo return' RETURN",
    exitCode: 0,
    stdout: /^(return\n)?$/,
    next: /^ok\n(return\n)?$/,
  },
  { name: "trap '' INT TERM", command: "trap '' INT TERM", exitCode: 0 },
  { name: 'trap "" to everything', command: 'trap "" $(seq 1 8) $(seq 10 18) $(seq 20 31)', exitCode: 0 },
  { name: 'kill -9 $$', command: 'kill -9 $$', exitCode: 137, shellRestarted: true },
  { name: 'kill -TERM $$', command: 'kill -TERM $$; echo a', exitCode: null, stdout: 'a\n' },
  { name: 'kill -INT $$', command: 'kill -INT $$', exitCode: 130 },
  { name: 'kill -HUP $$', command: 'kill -HUP $$', exitCode: 129 },
  { name: 'kill 0', command: 'trap "" TERM; kill 0; sleep 0.1', exitCode: null },
  { name: 'kill -STOP $$', command: 'kill -STOP $$', exitCode: null },
  { name: 'suspend -f', command: 'suspend -f', exitCode: null },
  { name: 'cat', command: 'cat', exitCode: 0 },
  { name: 'read x', command: 'read x', exitCode: 1 },
  { name: 'read from a terminal that is not there', command: 'read x </dev/tty', exitCode: 1, stdout: '' },
  { name: 'read from the control descriptors', command: 'for f in /proc/$$/fd/*; do :; done', exitCode: 0 },
  { name: 'bash, which reads stdin', command: 'bash', exitCode: 0 },
  { name: 'bash -i', command: 'bash --norc -i 2>/dev/null', exitCode: 0, stdout: '' },
  { name: 'a deleted cwd', command: 'd=$(mktemp -d); cd "$d"; rmdir "$d"', exitCode: 0 },
  { name: 'a child in the background', command: 'sleep 60 & echo hi', exitCode: 0, stdout: 'hi\n' },
  { name: 'a coprocess', command: 'coproc sleep 60; echo hi', exitCode: 0, stdout: 'hi\n' },
  {
    name: 'a background child that holds stdout',
    command: '(sleep 60; echo late) & echo hi',
    exitCode: 0,
    stdout: 'hi\n',
  },
  { name: 'disown', command: 'sleep 60 & disown; echo hi', exitCode: 0, stdout: 'hi\n' },
  { name: 'wait with nothing to wait for', command: 'wait', exitCode: 0 },
  { name: 'fg', command: 'fg', exitCode: 1 },
  { name: 'deep recursion', command: 'FUNCNEST=100; f() { f; }; f', exitCode: 1 },
  { name: 'unset of all traps and aliases', command: 'trap - EXIT INT; unalias -a; shopt -u expand_aliases' },
  { name: 'a nested session of its own', command: 'setsid -w bash -c "echo a"', exitCode: 0 },
  { name: 'eval of an unclosed quote', command: `eval 'echo "a'; echo b`, exitCode: null },
  { name: 'source of a missing file', command: '. /no/such/file; echo a' },
  { name: 'bytes that are no UTF-8 in octal', command: "echo $'\\xff\\xfe'", exitCode: 0 },
];

describe('ends, and the session answers within a second:', () => {
  for (const { name, command, exitCode, stdout, next: nextStdout = /^ok\n$/, shellRestarted } of CASES) {
    test(name, { timeout: 15_000 }, async ({ session }) => {
      const result = await session.exec(command, {}, { signal: AbortSignal.timeout(10_000) });
      if (exitCode !== null) expect(result.exitCode).toBe(exitCode ?? (await bash(command)).exitCode);
      if (stdout instanceof RegExp) expect(result.stdout).toMatch(stdout);
      else if (stdout !== undefined) expect(result.stdout).toBe(stdout);
      else if (exitCode !== null) expect(result.stdout).toBe((await bash(command)).stdout.toString());
      if (shellRestarted !== undefined) expect(result.shellRestarted).toBe(shellRestarted);
      expect(result.timedOut || result.interrupted).toBe(false);

      const began = performance.now();
      const next = await session.exec('echo ok', {}, { signal: AbortSignal.timeout(5_000) });
      const tookMs = performance.now() - began;
      expect(next.stdout).toMatch(nextStdout);
      expect(next.exitCode).toBe(0);
      expect(tookMs).toBeLessThan(1_000);
    });
  }
});

test('a command that takes the reserved names away ends too, and the next one runs', async ({ session }) => {
  for (const command of [
    'for v in $(compgen -v __hf_); do readonly "$v"; done',
    'for v in $(compgen -v __hf_); do unset "$v"; done',
    'for f in $(compgen -A function __hf_); do unset -f "$f"; done',
    'for f in $(compgen -A function __hf_); do eval "$f() { :; }"; done',
    'for f in $(compgen -A function __hf_); do readonly -f "$f"; done',
  ]) {
    const path = `/sessions/${session.id}/exec`;
    const { status } = await api('POST', path, { command }, { signal: AbortSignal.timeout(5_000) });
    expect(status, command).toBe(200);
    expect(await session.exec('echo ok'), command).toMatchObject({ exitCode: 0, stdout: 'ok\n' });
  }
});

test('a child left in the background holds nothing up', async ({ session }) => {
  expect((await session.exec('sleep 60 & echo hi')).durationMs).toBeLessThan(1_000);
});

test('a command of 500 KB runs, and so does one of 1 MB', async ({ session }) => {
  for (const size of [500_000, 1_000_000]) {
    const text = 'x'.repeat(size);
    expect(await session.exec(`v='${text}'; echo \${#v}`)).toMatchObject({
      stdout: `${size}\n`,
      exitCode: 0,
    });
    expect((await session.exec('echo ok')).stdout).toBe('ok\n');
  }
});

test('a command of 20,000 lines runs', async ({ session }) => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `n=${i}`).join('\n');
  expect((await session.exec(`${lines}\necho $n`)).stdout).toBe('19999\n');
});
