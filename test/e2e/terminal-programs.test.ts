// Programs that draw: what the user of an xterm would see of them.
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { target } from './harness/api.ts';
import { test } from './harness/session.ts';
import { createTerminal, TestViewer } from './harness/terminal.ts';

/** Whether the sandbox has a program, asked before there is a session: where the engine is not in a container. */
function has(program: string): boolean {
  if (target.name === 'docker') return ['python3', 'htop', 'vi', 'less'].includes(program);
  try {
    execFileSync('bash', ['-c', `type ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const editor = ['vim', 'vi'].find(has);
const monitor = ['htop', 'top'].find(has);

test.skipIf(!editor)(`${editor ?? 'vim (not installed here)'} edits a file`, async ({ session, folder }) => {
  const { id } = await createTerminal({ session: session.id, cols: 100, rows: 30, cwd: folder });
  const viewer = await TestViewer.open(id, { cols: 100, rows: 30 });
  viewer.type(`${editor} -u NONE notes.txt\r`);
  await viewer.shows(/^~ *\n~/m);
  viewer.type('ihéllo from the terminal\x1b');
  await viewer.shows('héllo from the terminal');
  viewer.type(':wq\r');
  await viewer.shows(/[$#]\s*$/);
  expect((await session.exec(`cat ${folder}/notes.txt`)).stdout).toBe('héllo from the terminal\n');
});

test.skipIf(!has('python3'))(
  `python3${has('python3') ? '' : ' (not installed here)'} talks to its user`,
  async ({ session }) => {
    const { id } = await createTerminal({ session: session.id, command: 'python3 -q' });
    const viewer = await TestViewer.open(id);
    await viewer.shows('>>>');
    viewer.type('import os, sys; print(6 * 7, sys.stdout.isatty(), os.get_terminal_size().columns)\r');
    await viewer.shows('42 True 80');
    viewer.type('while True: pass\r\r');
    await viewer.shows('...');
    viewer.type('\x03');
    await viewer.shows('KeyboardInterrupt');
    viewer.type('exit(3)\r');
    expect(await viewer.told('exit')).toMatchObject({ exitCode: 3 });
  },
);

test.skipIf(!monitor)(
  `${monitor ?? 'top (not installed here)'} draws the whole screen, in its new size too`,
  async ({ session }) => {
    const { id } = await createTerminal({ session: session.id, command: monitor!, cols: 100, rows: 20 });
    const viewer = await TestViewer.open(id, { cols: 100, rows: 20 });
    await viewer.shows(/PID +USER/);
    const filled = (await viewer.screen()).split('\n').length;
    expect(filled).toBe(20);
    viewer.resizeTo(120, 40);
    await viewer.shows(/PID +USER[\s\S]*\n.*\S[\s\S]*$/);
    viewer.type('q');
    expect(await viewer.told('exit')).toMatchObject({ exitCode: 0 });
  },
);

test.skipIf(!has('less'))(
  `less${has('less') ? '' : ' (not installed here)'} pages, and who connects in the middle sees the same screen`,
  async ({ session }) => {
    const { id } = await createTerminal({ session: session.id, rows: 10 });
    const viewer = await TestViewer.open(id, { rows: 10 });
    viewer.type('seq 100 | less\r');
    await viewer.shows(/^1\n2\n3\n4\n5\n6\n7\n8\n9\n:/m);
    viewer.type(' ');
    await viewer.shows(/^10\n11\n12\n13\n14\n15\n16\n17\n18\n:/m);
    const late = await TestViewer.open(id, { rows: 10 });
    await late.shows(/^10\n11\n12\n13\n14\n15\n16\n17\n18\n:/m);
    expect(await late.screen()).toBe(await viewer.screen());
  },
);
