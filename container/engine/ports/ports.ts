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
type Started = Pick<Engine, 'parties' | 'sessionIds'>;

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
    const listed = sockets.flatMap(({ port, address, inode }) => {
      const pid = holders.get(inode);
      if (pid === undefined) return [];
      return [{ port, address, pid, command: commandLineOf(pid), ...origins.get(pid) }];
    });
    return listed.sort((a, b) => a.port - b.port || a.address.localeCompare(b.address));
  }

  /** Whether a server of this sandbox listens there. */
  has(port: number): boolean {
    // Where there is nobody else's, a connection tells as much.
    if (this.#isolated) return true;
    const all = listeningSockets();
    // The kernel gives numbers again in time: only what still listens stays known.
    const open = new Set(all.map(({ inode }) => inode));
    this.#known = new Set([...this.#known].filter((inode) => open.has(inode)));
    const sockets = all.filter((socket) => socket.port === port);
    if (sockets.some(({ inode }) => this.#known.has(inode))) return true;
    if (sockets.length === 0) return false;
    const ours = [...holdersOf(sockets, this.#origins().keys()).keys()];
    for (const inode of ours) this.#known.add(inode);
    return ours.length > 0;
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
