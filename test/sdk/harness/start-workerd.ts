// workerd itself with one Worker in it, which is also its own service binding and holds a Durable
// Object class. It ends with the test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';

// The package has no types; its one export is the path of the binary.
const { default: binary } = createRequire(import.meta.url)('workerd') as { default: string };

/** The address of a workerd that runs `script`; its Worker reaches the test's server as `BACKEND`. */
export async function startWorkerd(script: string, backend: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-workerd-'));
  await writeFile(join(folder, 'worker.js'), script);
  await writeFile(join(folder, 'config.capnp'), config(backend));
  const child = spawn(binary, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  });
  for await (const line of child.stdio[3] as Readable) {
    const { port } = JSON.parse(String(line).split('\n')[0]!) as { port: number };
    return `http://127.0.0.1:${port}`;
  }
  throw new Error('workerd ended before it listened');
}

const config = (backend: string) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "sdk", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-01-01",
      globalOutbound = "loopback",
      durableObjectNamespaces = [(className = "SandboxObject", uniqueKey = "sandbox")],
      durableObjectStorage = (inMemory = void),
      bindings = [
        (name = "BACKEND", text = "${backend}"),
        (name = "SANDBOX", durableObjectNamespace = "SandboxObject"),
        (name = "HOLDFAST", service = "sdk"),
      ],
    )),
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "sdk")],
);
`;
