// A Worker that embeds Holdfast under the names of `@cloudflare/sandbox`: each path is one thing that such a Worker does,
// and answers with what came of it. `wrangler dev` runs it with the real container.
import { getSandbox, type LogEvent, parseSSEStream } from '../../../../cloudflare/index.ts';
import { collect } from '../../../sdk/harness/collect.ts';

export { ContainerProxy, Sandbox } from '../../../../cloudflare/index.ts';

type Client = ReturnType<typeof getSandbox>;

interface Env {
  SANDBOX: Parameters<typeof getSandbox>[0];
}

const DEEDS: Record<string, (sandbox: Client) => Promise<unknown>> = {
  async commands(sandbox) {
    await sandbox.exec('cd /tmp; greet() { echo "hello from $PWD"; }');
    const { success, exitCode, stdout } = await sandbox.exec('greet; exit 3');
    const stream = await sandbox.execStream('echo streamed; exit 4');
    return { success, exitCode, stdout, events: await collect(parseSSEStream(stream)) };
  },
  async sessions(sandbox) {
    await sandbox.setEnvVars({ SHARED: 'all' });
    const session = await sandbox.createSession({ id: 'own', cwd: '/usr', env: { WHO: 'session' } });
    const { stdout } = await session.exec('echo "$WHO $SHARED $PWD"');
    const same = await (await sandbox.getSession('own')).exec('echo "$WHO"');
    await sandbox.deleteSession('own');
    return { stdout, same: same.stdout };
  },
  async processes(sandbox) {
    const one = await sandbox.startProcess('echo up; sleep 60', { processId: 'one' });
    await one.waitForLog('up');
    const listed = (await sandbox.listProcesses()).map(({ id, status }) => ({ id, status }));
    const { stdout } = await sandbox.getProcessLogs('one');
    await sandbox.killProcess('one');
    const logs = await collect(parseSSEStream<LogEvent>(await sandbox.streamProcessLogs('one')));
    const killed = await sandbox.getProcess('one');
    await sandbox.startProcess('sleep 60');
    return {
      listed,
      stdout,
      last: logs.at(-1)?.type,
      status: killed?.status,
      all: await sandbox.killAllProcesses(),
    };
  },
  async files(sandbox) {
    await sandbox.mkdir('/tmp/made/deep', { recursive: true });
    await sandbox.writeFile('/tmp/made/a.txt', 'héllo\n');
    await sandbox.moveFile('/tmp/made/a.txt', '/tmp/made/deep/b.txt');
    await sandbox.renameFile('/tmp/made/deep/b.txt', '/tmp/made/deep/c.txt');
    const { content } = await sandbox.readFile('/tmp/made/deep/c.txt');
    const { files } = await sandbox.listFiles('/tmp/made', { recursive: true });
    await sandbox.deleteFile('/tmp/made/deep/c.txt');
    const { exists } = await sandbox.exists('/tmp/made/deep/c.txt');
    return { content, names: files.map(({ name }) => name).toSorted(), exists };
  },
};

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (name === 'health') return new Response('ok');
    const deed = DEEDS[name];
    if (!deed) return new Response('', { status: 404 });
    return Response.json(await deed(getSandbox(env.SANDBOX, 'embedding', { sleepAfter: '5m' })));
  },
};
