// The generator's word is what bash does: checked without Holdfast, so that chaos never blames the engine for it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SessionModel } from './model/session-model.ts';
import { DUMP, dumpOf, FIRST, NORMALISE } from './model/state.ts';
import { foregroundPlan, independentPlan, processPlan } from './plan/choose.ts';
import type { Plan } from './plan/plan.ts';
import { Random } from './random.ts';

const COUNT = 400;

/** Runs the plans one after the other in one bash, each as a file that is sourced. */
function runInBash(plans: Plan[]) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-plans-'));
  const script = plans.map((plan, at) => {
    writeFileSync(join(folder, `${at}`), plan.text);
    writeFileSync(join(folder, `${at}.in`), plan.stdin ?? '');
    return `. ${folder}/${at} <${folder}/${at}.in >${folder}/${at}.out 2>${folder}/${at}.err; echo $? >|${folder}/${at}.code`;
  });
  const main = `shopt -s expand_aliases\n${NORMALISE}\n${script.join('\n')}`;
  spawnSync('bash', ['-c', main], { env: { PATH: process.env.PATH, LANG: 'C.UTF-8' }, stdio: 'ignore' });
  const read = (name: string) => readFileSync(join(folder, name));
  const results = plans.map((_, at) => ({
    stdout: read(`${at}.out`),
    stderr: read(`${at}.err`),
    exitCode: Number(read(`${at}.code`)),
  }));
  rmSync(folder, { recursive: true });
  return results;
}

describe('what a plan expects is what bash does', () => {
  for (const seed of ['1', '2', '3']) {
    test(`in a session of ${COUNT} commands, with the state of each (seed ${seed})`, () => {
      const random = new Random(`plans/${seed}`);
      const plans = Array.from({ length: COUNT }, () => foregroundPlan(random)).filter(
        (plan) => plan.ending === 'itself' && !plan.conversation && !plan.cwd,
      );
      const results = runInBash(plans);
      let state = FIRST;
      for (const [at, plan] of plans.entries()) {
        const { next, stderr, ...expected } = plan.expect(state);
        const { stderr: gotErr, ...got } = results[at]!;
        const shown = `${plan.kind}: ${plan.text.slice(0, 300)}`;
        expect({ ...got, stdout: got.stdout.toString('latin1') }, shown).toEqual({
          ...expected,
          stdout: expected.stdout.toString('latin1'),
        });
        if (stderr) expect(gotErr.toString('latin1'), shown).toBe(stderr.toString('latin1'));
        state = next;
      }
    });
  }

  test('in a dump of all that a state can hold', () => {
    const show: Plan = { ...independentPlan(new Random('')), text: DUMP };
    const state = {
      ...FIRST,
      scalars: { hv0: { value: ' a\n"b" ', exported: true } },
      arrays: { ha1: ['', 'x y'] },
      functions: { hf0: 'hello' },
      aliases: { hl2: 'bye' },
      options: { noglob: true, nounset: true, extglob: true } as const,
    };
    const make = `export hv0=$' a\\n"b" '; ha1=('' 'x y'); hf0() { echo hello; }; alias hl2='echo bye'; shopt -s extglob; set -fu`;
    expect(runInBash([{ ...show, text: make }, show])[1]!.stdout.toString()).toBe(dumpOf(state));
  });
});

test('the same seed makes the same plans', () => {
  const texts = () => {
    const random = new Random('7');
    return Array.from({ length: 100 }, () => foregroundPlan(random).text + processPlan(random).text);
  };
  expect(texts()).toEqual(texts());
});

describe('the model of a session', () => {
  const named = (word: string) => ({ ...FIRST, functions: { hf0: word } });

  test('is one state while nothing killed its shell', () => {
    const model = new SessionModel(FIRST, 0);
    model.advance([named('a')], 10);
    model.advance([named('b')], 20);
    expect(model.possible).toEqual([named('b')]);
  });

  test('is any state that a checkpoint may hold once its shell was killed, and no older one', () => {
    const model = new SessionModel(FIRST, 0);
    model.advance([named('a')], 1_000);
    model.advance([named('b')], 2_000);
    model.shaken(2_100, 500);
    expect(model.possible).toEqual([named('a'), named('b')]);
    model.advance([named('b')], 2_200);
    expect(model.possible).toEqual([named('b')]);
  });
});
