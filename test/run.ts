// `npm test`: every project that this machine can run, one after the other, because tests that
// measure memory and latency must not disturb each other. Exits with 1 if anything failed.
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

interface Counts {
  passed: number;
  failed: number;
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
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function readReport(path: string): Counts {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(path, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    return { passed: numPassedTests, failed: numFailedTests };
  } catch (error) {
    // No file: vitest ended before it ran anything, and its exit code says why.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { passed: 0, failed: 0 };
    throw error;
  }
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
const total: Counts = { passed: 0, failed: 0 };
for (const phase of phases) {
  const { passed, failed } = await vitest([...phase, ...args]);
  total.passed += passed;
  total.failed += failed;
}
rmSync(scratch, { recursive: true });

if (!docker && !namesProjects) {
  console.log('`docker info` does not answer here: the e2e suite did not run against the image.');
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
