// A script that works in a sandbox of a running Holdfast:
//   HOLDFAST_URL=http://127.0.0.1:8787 HOLDFAST_API_KEY=... node main.ts
import { errorCode, Holdfast } from 'holdfast';

const { HOLDFAST_URL = 'http://127.0.0.1:8787', HOLDFAST_API_KEY = '', SANDBOX = 'script' } = process.env;
const sandbox = new Holdfast({ url: HOLDFAST_URL, apiKey: HOLDFAST_API_KEY }).sandbox(SANDBOX);

// State stays from command to command.
await sandbox.exec('cd "$(mktemp -d)" && greet() { echo "hello $1 from $PWD"; }');
const { stdout, exitCode } = await sandbox.exec('greet world');
console.log(exitCode, stdout.trim());

// A command's output as it comes. A connection that breaks is made again, and nothing is missed.
for await (const event of sandbox.execStream('for i in 1 2 3; do echo "step $i"; sleep 0.1; done')) {
  if (event.type === 'stdout' && 'data' in event) process.stdout.write(event.data);
  if (event.type === 'exit') console.log('exit code', event.exitCode);
}

// Files; a relative path starts from where the session is.
await sandbox.writeFile('numbers.txt', '3\n1\n2\n');
console.log((await sandbox.exec('sort numbers.txt | paste -sd,')).stdout.trim());

// A server in the background, asked through the API.
const server = await sandbox.startProcess('exec python3 -u -m http.server 0');
const { groups } = await server.waitForOutput(/port (\d+)/, { timeoutMs: 20_000 });
const answer = await sandbox.fetchPort(new Request('http://app/numbers.txt'), Number(groups[0]));
console.log('served', (await answer.text()).length, 'bytes');
await server.kill();

// What fails has a code.
const failure = await sandbox.exec('true', { cwd: '/nowhere' }).catch(errorCode);
console.log('refused:', failure);
