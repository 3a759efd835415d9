// The ports that belong to this sandbox. Where it shares its network with others, as an engine does that runs
// without a container, those are the ones that its own processes listen on; in a container all but the engine's.
import type { ListeningPort } from '#protocol';
import type { Engine } from '../engine.ts';
import type { Owner } from '../proc/belonging.ts';
import { Look } from '../proc/look.ts';
import { ProcessStat } from '../proc/stat.ts';
import { commandLineOf, holdersOf, listeningSockets } from './holders.ts';

/** Whose processes are looked for. */
export interface Party {
  owner: Owner;
  sessionId: string;
  /** Where all that belongs to the owner belongs to one command. */
  commandId?: string | undefined;
}

type Origin = Pick<Party, 'sessionId' | 'commandId'>;
type Started = Pick<Engine, 'parties' | 'sessionIds' | 'secrets'>;

/** Of a command line, told with a port. */
const COMMAND_LENGTH = 256;
/** The addresses of loopback that lead to a socket bound to one of these: a stranger may have the other. */
const LOOPBACK: Record<string, string[]> = {
  '127.0.0.1': ['127.0.0.1'],
  '0.0.0.0': ['127.0.0.1'],
  '::1': ['::1'],
  '::': ['::1'],
};

export class Ports {
  readonly #engine: Started;
  readonly #isolated: boolean;
  /** Inodes of listening sockets that were found to be the sandbox's: to look again costs milliseconds. */
  #known = new Set<string>();

  /** `isolated`: nobody else's processes are in this network namespace. */
  constructor(engine: Started, isolated: boolean) {
    this.#engine = engine;
    this.#isolated = isolated;
  }

  /** What listens, by port; `ownPort`, the engine's, left out. */
  list(ownPort: number): ListeningPort[] {
    const sockets = listeningSockets().filter(({ port }) => port !== ownPort);
    const origins = this.#origins();
    const pids = this.#isolated ? ProcessStat.readAll().map(({ pid }) => pid) : origins.keys();
    const holders = holdersOf(sockets, pids);
    const { masks } = this.#engine.secrets;
    const listed = sockets.flatMap(({ port, address, inode }) => {
      const pid = holders.get(inode);
      if (pid === undefined) return [];
      return [
        {
          port,
          address,
          pid,
          command: masks.text(commandLineOf(pid)).slice(0, COMMAND_LENGTH),
          ...origins.get(pid),
        },
      ];
    });
    return listed.sort((a, b) => a.port - b.port || a.address.localeCompare(b.address));
  }

  /** At which loopback addresses a server of this sandbox is reached, in the order to try; none where none listens. */
  hostsOf(port: number): string[] {
    // Where there is nobody else's, a connection tells as much.
    if (this.#isolated) return ['127.0.0.1', '::1'];
    const all = listeningSockets();
    // The kernel gives numbers again in time: only what still listens stays known.
    const open = new Set(all.map(({ inode }) => inode));
    this.#known = new Set([...this.#known].filter((inode) => open.has(inode)));
    const sockets = all.filter((socket) => socket.port === port);
    const unknown = sockets.filter(({ inode }) => !this.#known.has(inode));
    // Most servers listen at one address, and are known from then on.
    if (unknown.length === sockets.length && unknown.length > 0) {
      for (const inode of holdersOf(unknown, this.#origins().keys()).keys()) this.#known.add(inode);
    }
    const ours = sockets.filter(({ inode }) => this.#known.has(inode));
    return [...new Set(ours.flatMap(({ address }) => LOOPBACK[address] ?? []))].sort();
  }

  /** Processes of the sandbox, each with what started it. */
  #origins(): Map<number, Origin> {
    const look = new Look();
    const origins = new Map<number, Origin>();
    for (const { owner, sessionId, commandId } of this.#engine.parties()) {
      for (const { pid } of look.members(owner)) origins.set(pid, { sessionId, commandId });
    }
    const sessionIds = this.#engine.sessionIds();
    for (const { pid, sessionKey, commandId } of look.marked()) {
      const sessionId = sessionIds.get(sessionKey);
      if (sessionId !== undefined) origins.set(pid, { sessionId, commandId });
    }
    return origins;
  }
}
