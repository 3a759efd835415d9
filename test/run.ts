// `npm test`: every project that this machine can run, one after the other, because tests that
// measure memory and latency must not disturb each other. Exits with 1 if anything failed.
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

interface Counts {
  passed: number;
  failed: number;
  /** The name and the message of each failed test: shown again at the end, where a log that was cut still has them. */
  failures: string[];
}

/** What is read here of the report of vitest's `json` reporter. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
let runs = 0;

/** One run of vitest. A run that ends badly without saying which test failed counts as one failure. */
async function vitest(args: string[]): Promise<Counts> {
  const report = join(scratch, `${++runs}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn('vitest', ['run', '--passWithNoTests', ...reporters, ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; waiting for it lets it end the servers that it started.
  const leave = () => child.kill('SIGTERM');
  process.once('SIGTERM', leave);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
  process.removeListener('SIGTERM', leave);
  const counts = readReport(report);
  if (code === 0 || counts.failed > 0) return counts;
  return {
    ...counts,
    failed: 1,
    failures: [...counts.failures, `vitest ended with ${code}: ${args.join(' ')}`],
  };
}

function readReport(path: string): Counts {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      failures: [...failuresOf(report)],
    };
  } catch (error) {
    // No file: vitest ended before it ran anything, and its exit code says why.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { passed: 0, failed: 0, failures: [] };
    throw error;
  }
}

function* failuresOf({ testResults }: Report): Generator<string> {
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    for (const test of failed)
      yield `${file} > ${test.fullName}\n${shorten(test.failureMessages.join('\n'))}`;
    if (failed.length === 0 && status === 'failed') yield `${file}\n${shorten(message)}`;
  }
}

/** Without the calls inside of libraries, and without the rest of a value that fills pages. */
function shorten(message: string): string {
  const lines = message
    .split('\n')
    .filter((line) => !/^ +at .*(node_modules|node:internal|new Promise)/.test(line));
  return lines.join('\n').slice(0, 2000);
}

const args = process.argv.slice(2);
const namesProjects = args.some((arg) => arg.startsWith('--project'));
const docker = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;

// A project has the name of its folder. Two `!` would not leave two out: vitest runs what fits any filter.
const quick = globSync('test/*/vitest.config.ts', { cwd: join(import.meta.dirname, '..') })
  .map((config) => basename(dirname(config)))
  .filter((name) => !['worker', 'chaos'].includes(name));

const phases = namesProjects
  ? [[]]
  : [
      quick.map((name) => `--project=${name}`),
      ['--project=worker'],
      ['--project=chaos'],
      ['--project=e2e:engine'],
      ['--project=e2e:embedded'],
      ...(docker ? [['--project=e2e:docker']] : []),
    ];

process.on('SIGINT', () => {});
const total: Counts = { passed: 0, failed: 0, failures: [] };
for (const phase of phases) {
  const { passed, failed, failures } = await vitest([...phase, ...args]);
  total.passed += passed;
  total.failed += failed;
  total.failures.push(...failures.map((failure) => `${phase.join(' ')} ${failure}`));
}
rmSync(scratch, { recursive: true });

if (!docker && !namesProjects) {
  console.log('`docker info` does not answer here: the e2e suite did not run against the image.');
}
for (const failure of total.failures) console.log(`\nFAILED ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
