// `npm run chaos`: random commands under random faults, and whether all came out as it must. Exits with 1 if not.
import { randomInt } from 'node:crypto';
import { type Options, readOptions, USAGE } from './options.ts';
import { runChaos } from './run.ts';
import { startTarget } from './target/start.ts';

const options = optionsOrLeave();
console.log(`chaos --seed ${options.seed} --target ${options.target}`);
const target = await startTarget(options.target, options.faults);
const faults = options.faults?.filter((fault) => target.supports.includes(fault)) ?? target.supports;
const left = options.faults?.filter((fault) => !target.supports.includes(fault)) ?? [];
if (left.length > 0) console.log(`left out, since this target cannot do them here: ${left.join(', ')}`);
console.log(`faults: ${faults.join(', ')}`);
// A second signal changes nothing: the end is under way.
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!isEnding) target.stop().finally(() => process.exit(1));
    isEnding = true;
  });
}
try {
  let toldAtMs = Date.now();
  const report = await runChaos(target, {
    ...options,
    faults,
    onViolation: (violation) => console.log(new Date().toISOString(), violation),
    progress: (sofar) => {
      if (Date.now() - toldAtMs < 10_000) return;
      toldAtMs = Date.now();
      console.log(
        `${sofar.total('commands')} commands, ${sofar.total('faults')} faults, ${sofar.violationCount} violations`,
      );
    },
  });
  console.log(report.text());
  if (report.violationCount > 0) {
    console.log(`the target said last:\n${target.tail()}`);
    console.log(
      `again: npm run chaos -- --seed ${options.seed} --target ${options.target} --faults ${faults.join(',')}`,
    );
    process.exitCode = 1;
  }
} finally {
  await target.stop();
}

function optionsOrLeave(): Options {
  try {
    return readOptions(process.argv.slice(2), () => String(randomInt(1_000_000)));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}
