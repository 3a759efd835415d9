// The benchmark: floor and engine alternate in one run, so that a machine that slows down slows both.
//   npm run bench                        a few minutes
//   npm run bench -- --quick             under a minute
//   npm run bench -- --all --full --write --json docs/benchmark.json     everything, into the documents
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { engineSuite } from './engine-suite.ts';
import { growthSuite } from './grow/suite.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { changeTable } from './report/changes.ts';
import { chart } from './report/chart.ts';
import { curvesChart } from './report/curves-chart.ts';
import { replaceMarked } from './report/marked.ts';
import { curveTable, heading, suiteTables, summaryTable } from './report/report.ts';
import { compare } from './result/compare.ts';
import { figureOf } from './result/figure.ts';
import type { Run } from './result/run.ts';
import { workerSuite } from './worker/suite.ts';

const ROOT = join(import.meta.dirname, '../..');
const readme = (table: string) => `${table}

![Latency and throughput beside the floor](docs/benchmark.svg)

All figures, how they were taken and what bounds them: [docs/PERFORMANCE.md](docs/PERFORMANCE.md).`;

async function bench(options: Options): Promise<Run> {
  const run: Run = {
    startedAt: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'processor'}`,
    node: process.version,
    loadBefore: loadavg()[0]!,
    quick: options.quick,
    figures: [],
    curves: [],
  };
  const say = (what: string) => console.error(`… ${what}`);
  // After each suite, so that what an hour measured outlives what fails in the end.
  const keep = () => options.json && writeFileSync(options.json, `${JSON.stringify(run, undefined, 1)}\n`);
  for (const [name, suite] of [
    ['engine', engineSuite],
    ['worker', workerSuite],
  ] as const) {
    if (!options.suites.has(name)) continue;
    run.figures.push(...(await suite(options, say)).map(figureOf));
    keep();
  }
  if (options.suites.has('grow')) run.curves = await growthSuite(options, say);
  keep();
  return run;
}

function show(run: Run): void {
  const parts = [heading(run), suiteTables(run, 'engine'), suiteTables(run, 'worker'), curveTable(run)];
  console.log(parts.filter(Boolean).join('\n\n'));
}

/** What this run did not measure stays as it was. */
function writeDocuments(run: Run): void {
  const put = (file: string, name: string, content: string) => {
    if (content === '') return;
    const path = join(ROOT, file);
    writeFileSync(path, replaceMarked(readFileSync(path, 'utf8'), name, `${heading(run)}\n\n${content}`));
  };
  const picture = (name: string, content: string) => {
    mkdirSync(join(ROOT, 'docs'), { recursive: true });
    writeFileSync(join(ROOT, 'docs', name), content);
  };
  const engine = suiteTables(run, 'engine');
  put('docs/PERFORMANCE.md', 'engine', engine);
  put('docs/PERFORMANCE.md', 'worker', suiteTables(run, 'worker'));
  put('docs/PERFORMANCE.md', 'growth', curveTable(run));
  if (engine !== '') {
    picture('benchmark.svg', chart(run));
    put('README.md', 'bench', readme(summaryTable(run)));
  }
  if (run.curves.length > 0) picture('growth.svg', curvesChart(run.curves));
}

try {
  const options = parseOptions(process.argv.slice(2));
  const before = options.compare && (JSON.parse(readFileSync(options.compare, 'utf8')) as Run);
  const kept = options.from.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Run);
  for (const run of kept.length > 0 ? kept : [await bench(options)]) {
    show(run);
    if (options.write) writeDocuments(run);
    if (before) console.log(`\n${changeTable(compare(before, run))}`);
  }
} catch (error) {
  const isUsage = String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
  console.error(isUsage ? `${(error as Error).message}\n\n${USAGE}` : error);
  process.exitCode = 1;
}
