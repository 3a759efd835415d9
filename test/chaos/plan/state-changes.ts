// Plans that change a session or show it: variables, arrays, functions, aliases, options, cwd. Pure.
import {
  DUMP,
  dumpOf,
  entered,
  FIRST,
  FOLDERS,
  NAMES,
  NORMALISE,
  type State,
  without,
} from '../model/state.ts';
import type { Random } from '../random.ts';
import { nasty } from './output.ts';
import { type Plan, quote, stateful } from './plan.ts';

type Make = (random: Random) => Plan;

const setVariable: Make = (random) => {
  const name = random.pick(NAMES.scalars);
  const value = nasty(random);
  const exports = random.chance(0.3);
  return stateful('set variable', `${exports ? 'export ' : ''}${name}=${quote(value)}`, (state) => {
    const exported = exports || (state.scalars[name]?.exported ?? false);
    return { next: { ...state, scalars: { ...state.scalars, [name]: { value, exported } } } };
  });
};

const unsetVariable: Make = (random) => {
  const name = random.pick(NAMES.scalars);
  return stateful('unset variable', `unset -v ${name}`, (state) => ({
    next: { ...state, scalars: without(state.scalars, name) },
  }));
};

const appendToVariable: Make = (random) => {
  const name = random.pick(NAMES.scalars);
  const more = nasty(random);
  return stateful('append to variable', `${name}+=${quote(more)}`, (state) => {
    const { value = '', exported = false } = state.scalars[name] ?? {};
    return { next: { ...state, scalars: { ...state.scalars, [name]: { value: value + more, exported } } } };
  });
};

const setArray: Make = (random) => {
  const name = random.pick(NAMES.arrays);
  const items = Array.from({ length: random.int(1, 6) }, () => nasty(random));
  return stateful('set array', `${name}=(${items.map(quote).join(' ')})`, (state) => ({
    next: { ...state, arrays: { ...state.arrays, [name]: items } },
  }));
};

const growArray: Make = (random) => {
  const name = random.pick(NAMES.arrays);
  const item = nasty(random);
  const text = `if [[ \${${name}[20]+full} ]]; then ${name}=(); fi; ${name}+=(${quote(item)})`;
  return stateful('grow array', text, (state) => {
    const items = state.arrays[name] ?? [];
    const grown = items.length > 20 ? [item] : [...items, item];
    return { next: { ...state, arrays: { ...state.arrays, [name]: grown } } };
  });
};

const define: Make = (random) => {
  const name = random.pick(NAMES.functions);
  const word = random.word();
  return stateful('define function', `${name}() { echo ${word}; }; ${name}`, (state) => ({
    stdout: `${word}\n`,
    next: { ...state, functions: { ...state.functions, [name]: word } },
  }));
};

const forgetFunction: Make = (random) => {
  const name = random.pick(NAMES.functions);
  return stateful('forget function', `unset -f ${name}`, (state) => ({
    next: { ...state, functions: without(state.functions, name) },
  }));
};

const setAlias: Make = (random) => {
  const name = random.pick(NAMES.aliases);
  const word = random.word();
  return stateful('set alias', `alias ${name}='echo ${word}'`, (state) => ({
    next: { ...state, aliases: { ...state.aliases, [name]: word } },
  }));
};

const useAlias: Make = (random) => {
  const name = random.pick(NAMES.aliases);
  const other = random.word();
  return stateful(
    'use alias',
    `if alias ${name} >/dev/null 2>&1; then\n${name}\nelse\necho ${other}\nfi`,
    (state) => ({
      stdout: `${state.aliases[name] ?? other}\n`,
    }),
  );
};

const setOption: Make = (random) => {
  const on = random.chance(0.5);
  const isSet = random.chance(0.5);
  const name = isSet ? random.pick(NAMES.sets) : random.pick(NAMES.shopts);
  const text = isSet ? `set ${on ? '-' : '+'}o ${name}` : `shopt -${on ? 's' : 'u'} ${name}`;
  return stateful('set option', text, (state) => ({
    next: { ...state, options: on ? { ...state.options, [name]: true } : without(state.options, name) },
  }));
};

const changeFolder: Make = (random) => {
  const folder = random.pick(FOLDERS);
  return stateful('change folder', `cd ${quote(folder)} && pwd`, (state) => {
    const next = entered(state, folder);
    return { stdout: `${next.cwd}\n`, next };
  });
};

const changeMask: Make = (random) => {
  const umask = random.pick(['0022', '0027', '0077', '0002']);
  return stateful('change umask', `umask ${umask}; umask`, (state) => ({
    stdout: `${umask}\n`,
    next: { ...state, umask },
  }));
};

const severalChanges: Make = (random) => {
  const plans = [setVariable, setArray, define, setAlias, changeFolder].map((make) => make(random));
  return stateful('several changes', plans.map(({ text }) => text).join('\n'), (state) => {
    const parts: Buffer[] = [];
    let next: State = state;
    for (const plan of plans) {
      const expected = plan.expect(next);
      parts.push(expected.stdout);
      next = expected.next;
    }
    return { stdout: Buffer.concat(parts), next };
  });
};

/** The call's own cwd and env hold for the call and change nothing. */
const ownCwdAndEnv: Make = (random) => {
  const name = random.pick(NAMES.scalars);
  const value = random.word();
  const cwd = random.pick(['/tmp', '/etc', '/usr/lib', '/']);
  const text = `echo "$PWD \${${name}}"; cd /var; ${name}=changed`;
  return stateful('own cwd and env', text, () => ({ stdout: `${cwd} ${value}\n` }), {
    cwd,
    env: { [name]: value },
  });
};

/** The first command of a session. */
export const normalise = (): Plan => stateful('normalise', NORMALISE, () => ({ next: FIRST }));

/** Shows the whole session. */
export const showAll: Make = () => stateful('show all', DUMP, (state) => ({ stdout: dumpOf(state) }));

/** A process inherits no OLDPWD, as any program that bash starts with an empty one. */
const showCopy: Make = () =>
  stateful('show copy', `unset -v OLDPWD\n${DUMP}`, (state) => ({
    stdout: dumpOf({ ...state, oldCwd: '' }),
  }));

const showVariable: Make = (random) => {
  const name = random.pick(NAMES.scalars);
  return stateful('show variable', `printf '%s' "\${${name}-unset}"`, (state) => ({
    stdout: state.scalars[name]?.value ?? 'unset',
  }));
};

const callFunction: Make = (random) => {
  const name = random.pick(NAMES.functions);
  const other = random.word();
  const text = `if declare -F ${name} >/dev/null; then ${name}; else echo ${other}; fi`;
  return stateful('call function', text, (state) => ({ stdout: `${state.functions[name] ?? other}\n` }));
};

export const CHANGING_PLANS: readonly (readonly [number, Make])[] = [
  [4, setVariable],
  [1, unsetVariable],
  [2, setArray],
  [2, growArray],
  [2, define],
  [1, forgetFunction],
  [2, setAlias],
  [2, setOption],
  [3, changeFolder],
  [1, changeMask],
  [1, severalChanges],
  [2, appendToVariable],
];

const SHOWING: readonly (readonly [number, Make])[] = [
  [2, ownCwdAndEnv],
  [3, showVariable],
  [2, callFunction],
  [2, useAlias],
];

export const SHOWING_PLANS = [...SHOWING, [2, showAll] as const];
export const COPY_SHOWING_PLANS = [...SHOWING, [2, showCopy] as const];
