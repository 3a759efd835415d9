// Starts the engine: configuration from the environment, HTTP in front, a clean end on SIGTERM.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSocketUpgrade, LIMITS } from '#protocol';
import { ConfigError, readConfig } from './config.ts';
import { Engine } from './engine.ts';
import { socketAcceptor } from './http/accept-sockets.ts';
import { engineApp } from './http/app.ts';
import { giveBackWhenIdle } from './idle-memory.ts';
import { Ports } from './ports/ports.ts';
import { PortProxy } from './ports/proxy.ts';
import { inheritedEnvironment } from './shell/environment.ts';
import { VERSION } from './version.ts';

/** sysexits.h: a wrong setting, so that nobody tries again; all else is worth another try. */
const EX_CONFIG = 78;

/** After a SIGTERM: for commands that are about to end, and for answers on their way. Whoever sent it waits longer. */
const DRAIN_MS = 1_000;
const ANSWER_MS = 200;
/** What does not end in this time is left to whoever sweeps the folder, or ends the container. */
const CLOSE_MS = 15_000;

const env = inheritedEnvironment(process.env);
const { config, engine } = start();
const ports = new Ports(engine, config.isolated);
const proxy = new PortProxy(ports, config.token);
const app = engineApp({ engine, version: VERSION, config, env, ports, proxy });
const server = createServer(
  {
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    maxHeaderSize: LIMITS.portHeaderBytes,
    // Anything else that is offered, as HTTP/2 is, is no reason not to answer.
    shouldUpgradeCallback: (request) => isSocketUpgrade(request.headers.upgrade),
  },
  (request, response) =>
    proxy.takes(request) ? proxy.request(request, response) : app.handle(request, response),
);
const acceptSocket = socketAcceptor(engine, config.token);
server.on('upgrade', (request, socket, head) =>
  proxy.takes(request) ? proxy.upgrade(request, socket, head) : acceptSocket(request, socket, head),
);

server.listen(config.port, config.host, () => {
  const { address: host, port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ listening: { host, port } }));
  giveBackWhenIdle();
});

/** What keeps it from starting is told in a line, without a stack. */
function start() {
  try {
    const config = readConfig(process.env, process.cwd());
    return { config, engine: new Engine(config, env) };
  } catch (error) {
    console.error(`holdfast engine: ${(error as Error).message}`);
    process.exit(error instanceof ConfigError ? EX_CONFIG : 1);
  }
}

let closing = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, async () => {
    if (closing) return;
    closing = true;
    await engine.drain(DRAIN_MS);
    const answered = new Promise((resolve) => server.close(resolve));
    await Promise.race([answered, sleep(ANSWER_MS)]);
    // Cut, not ended: whoever reads a stream comes back for the rest, and is told then what became of it.
    server.closeAllConnections();
    await Promise.race([engine.close(), sleep(CLOSE_MS).then(() => console.error('the end takes too long'))]);
    process.exit(0);
  });
}
