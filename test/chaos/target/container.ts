// A sandbox's container as chaos sees it from outside: its processes, and the signals that the platform would send it.
import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kill, namespaceOf, processesWhere, type SeenProcess } from './processes.ts';

export interface Container {
  processes(): SeenProcess[];
  /** SIGKILL ends all of it at once, SIGTERM asks it to come to an end. Resolves when it is over. */
  signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

const NUMBERS = { SIGKILL: 9, SIGTERM: 15 };

/** Of the local host, which marks all that runs in a sandbox with the sandbox's folder. */
export function localContainer(kept: string): Container {
  const root = join(kept, 'sandboxes');
  return {
    processes: () =>
      processesWhere(({ env }) => `${env.get('CLOUDFLARE_LOCAL_SANDBOX') ?? ''}/`.startsWith(`${root}/`)),
    async signal(signal) {
      const vars = new Map(
        [...readFileSync(join(kept, 'vars.env'), 'utf8').matchAll(/^(\w+)="(.*)"$/gm)].map((m) => [
          m[1],
          m[2],
        ]),
      );
      const headers = { authorization: `Bearer ${vars.get('HOLDFAST_LOCAL_TOKEN')}` };
      for (const name of readdirSync(root)) {
        const at = `${vars.get('HOLDFAST_LOCAL_HOST')}/sandboxes/${name}`;
        const body = JSON.stringify({ signal: NUMBERS[signal] });
        // Asked before it is hit: afterwards there may be the next one of that name.
        await Promise.all([
          ask(`${at}/end`, { headers }),
          ask(`${at}/signal`, { method: 'POST', headers }, body),
        ]);
      }
    },
  };
}

/** Over a connection of its own: one that was kept may be closed by the host at the moment it is used again. */
function ask(url: string, options: RequestOptions, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: false }, (answer) =>
      answer.resume().once('end', resolve),
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

/** Of Docker, found by the ids of the Durable Objects in wrangler's storage, so that no other server's is touched. */
export function dockerContainer(kept: string): Container {
  const names = () =>
    globSync(join(kept, 'state', '**', 'holdfast-Sandbox', '*.sqlite'))
      .map((file) => basename(file, '.sqlite'))
      .filter((id) => /^[0-9a-f]{64}$/.test(id))
      .map((id) => `workerd-holdfast-Sandbox-${id}`);
  const docker = (...args: string[]) => spawnSync('docker', args, { encoding: 'utf8' }).stdout.trim();
  let known: { space: string; pid: number } | undefined;

  /** Asked of Docker once for each container: that takes long, and /proc tells when it is gone. */
  const space = () => {
    if (known && namespaceOf(known.pid) === known.space) return known.space;
    const pid = Number(docker('inspect', '-f', '{{.State.Pid}}', ...names()).split('\n')[0]);
    const found = pid > 0 ? namespaceOf(pid) : undefined;
    known = found === undefined ? undefined : { space: found, pid };
    return found;
  };
  return {
    processes() {
      const wanted = space();
      return wanted === undefined ? [] : processesWhere(({ pid }) => namespaceOf(pid) === wanted);
    },
    async signal(signal) {
      // Its first process is hit, which is all that `docker kill` does: by its name one might meet the next container.
      const wanted = space();
      const pid = known?.pid;
      if (wanted === undefined || pid === undefined) return;
      kill(pid, signal);
      while (namespaceOf(pid) === wanted) await sleep(5);
    },
  };
}
