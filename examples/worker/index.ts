// A Worker that embeds Holdfast: pages of its own, and a sandbox for each user. Whoever it lets in runs commands, so
// the check of who asks is the Worker's own.
import { eventBytes, getSandbox, proxyToSandbox, type SandboxNamespace } from 'holdfast';

export { ContainerProxy, Sandbox } from 'holdfast/worker';

interface Env {
  SANDBOX: SandboxNamespace<unknown>;
  /** Who has which key; a real Worker has a login here. */
  USERS: Record<string, string>;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    // Preview URLs of servers in the sandboxes come first: they have hosts of their own.
    const preview = await proxyToSandbox(request, env);
    if (preview) return preview;

    const user = env.USERS[request.headers.get('authorization') ?? ''];
    if (user === undefined) return new Response('who are you?\n', { status: 401 });
    const sandbox = getSandbox(env.SANDBOX, user);

    const { pathname } = new URL(request.url);
    const command = await request.text();
    if (request.method === 'POST' && pathname === '/run') {
      // The session's directory, variables and functions are those that the user's last command left.
      const { exitCode, stdout, stderr } = await sandbox.exec(command, { timeoutMs: 60_000 });
      return Response.json({ exitCode, stdout, stderr });
    }
    if (request.method === 'POST' && pathname === '/stream') {
      // Bytes as the command writes them. A client that leaves takes the command along, after its grace.
      const leaving = new AbortController();
      const signal = AbortSignal.any([request.signal, leaving.signal]);
      const events = sandbox.execStream(command, { signal, disconnectGraceMs: 1_000 });
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          for (;;) {
            const { done, value } = await events.next();
            if (done) return controller.close();
            // A stream that was given nothing is not asked again.
            if ('seq' in value) return controller.enqueue(eventBytes(value));
          }
        },
        cancel: (reason) => leaving.abort(reason),
      });
      return new Response(body, { headers: { 'content-type': 'text/plain; charset=utf-8' } });
    }
    return new Response('POST a command to /run or /stream\n', { status: 404 });
  },
};
