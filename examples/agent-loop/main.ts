// The loop of an agent that must answer in time: a command that takes long is left running, looked at again, given
// input, and interrupted, while its session keeps its state. `decide` stands for the model.
//   HOLDFAST_URL=http://127.0.0.1:8787 HOLDFAST_API_KEY=... node main.ts
import { Holdfast, type Session } from 'holdfast';

/** What the agent wants next, and what it is told of it. */
type Step =
  | { run: string }
  | { look: string; since: number }
  | { type: string; into: string }
  | { interrupt: true }
  | { done: string };
interface Seen {
  /** Of the command that goes on; absent when it has ended. */
  running?: string;
  output: string;
  exitCode?: number | null;
  /** Where to look on. */
  since: number;
}

/** No turn of the agent takes longer than about this. */
const TURN_MS = 500;
/** What the model reads of one turn; the middle of more is left out. */
const OUTPUT_BYTES = 4_000;

const { HOLDFAST_URL = 'http://127.0.0.1:8787', HOLDFAST_API_KEY = '', SANDBOX = 'agent' } = process.env;
const sandbox = new Holdfast({ url: HOLDFAST_URL, apiKey: HOLDFAST_API_KEY }).sandbox(SANDBOX);
const session = await sandbox.createSession();

let seen: Seen = { output: '', since: 0 };
let all = '';
for (;;) {
  const step = decide(seen, all);
  console.log('agent:', JSON.stringify(step));
  if ('done' in step) break;
  seen = await act(session, step, seen);
  all += seen.output;
  console.log('sees: ', JSON.stringify(seen.output), seen.running ? 'running' : `exit code ${seen.exitCode}`);
}
await sandbox.deleteSession(session.id);

async function act(on: Session, step: Exclude<Step, { done: string }>, before: Seen): Promise<Seen> {
  if ('run' in step) {
    const options = { yieldMs: TURN_MS, maxOutputBytes: OUTPUT_BYTES, stdinOpen: true };
    const run = await on.exec(step.run, options);
    const output = run.stdout + run.stderr;
    // It has ended, or it goes on in its session, and nobody's leaving ends it.
    return run.yielded
      ? { running: run.id, output, since: run.nextSeq }
      : { output, exitCode: run.exitCode, since: 0 };
  }
  if ('type' in step) await on.writeStdin(step.into, step.type);
  if ('interrupt' in step) await on.interrupt();
  const id = 'look' in step ? step.look : 'type' in step ? step.into : before.running!;
  return await look(id, before.since);
}

/** What it wrote since, once there is some; at the latest when the turn is over. */
async function look(id: string, since: number): Promise<Seen> {
  const options = { since, waitMs: TURN_MS, maxOutputBytes: OUTPUT_BYTES };
  const { chunks, nextSeq, exitCode, alive } = await sandbox.commandPage(id, options);
  const output = chunks.map(({ data = '' }) => data).join('');
  return { ...(alive ? { running: id } : { exitCode }), output, since: nextSeq };
}

/** A model would read what it saw so far; this one has its mind made up. */
function decide({ running, since }: Seen, all: string): Step {
  if (!all.includes('hello')) {
    if (!running) return { run: 'printf "name? "; read -r name; echo "hello $name"' };
    return all.includes('name?') ? { type: 'Ada\n', into: running } : { look: running, since };
  }
  if (!all.includes('tick')) {
    return running ? { look: running, since } : { run: 'while :; do sleep 1; echo tick; done' };
  }
  // It would go on for ever.
  if (running) return { interrupt: true };
  // The shell is the one that read the name.
  return all.includes('still') ? { done: all.trim() } : { run: 'echo "still here: $name"' };
}
