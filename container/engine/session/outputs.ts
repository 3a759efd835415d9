// The output FIFO pairs of one session: leased to a command, drained when it is complete.
import { existsSync } from 'node:fs';
import { type Lease, OutputFifo } from '../fifo/output-fifo.ts';
import type { FifoPool } from '../fifo/pool.ts';
import type { StreamState } from '../journal/state.ts';
import type { Poller } from '../linux/poller.ts';
import type { StreamName } from '../log/label.ts';

export interface OutputPair {
  stdout: OutputFifo;
  stderr: OutputFifo;
}

/** A session runs one command at a time; the others are for what it left in the background. */
const KEPT_FREE = 4;

export class Outputs {
  readonly #fifos: FifoPool;
  readonly #keptFree: number;
  readonly #poller: Poller;
  readonly #free: OutputFifo[] = [];
  readonly #open = new Set<OutputFifo>();

  /** More free ones than `keptFree` are closed: what a rush needed is not held for ever. */
  constructor(fifos: FifoPool, poller: Poller, keptFree = KEPT_FREE) {
    this.#keptFree = keptFree;
    this.#fifos = fifos;
    this.#poller = poller;
  }

  lease(leases: Record<StreamName, Lease>): OutputPair {
    const stdout = this.#lease(leases.stdout);
    try {
      return { stdout, stderr: this.#lease(leases.stderr) };
    } catch (error) {
      this.#giveBack(stdout);
      throw error;
    }
  }

  /** The pair that an engine which died had leased to a command; `kept` tells the bytes of a stream that its log has. */
  resume(
    streams: Record<StreamName, StreamState>,
    leases: Record<StreamName, Lease>,
    kept: (stream: StreamName) => number,
  ): OutputPair {
    const one = (stream: StreamName) => {
      const { fifo, place, base } = streams[stream];
      if (!existsSync(fifo) || !existsSync(place.file)) return this.#lease(leases[stream]); // it was at its end
      const resumed = { lease: leases[stream], place: { ...place, at: place.at + kept(stream) - base } };
      return this.#keep(new OutputFifo(fifo, this.#poller, resumed));
    };
    return { stdout: one('stdout'), stderr: one('stderr') };
  }

  /**
   * Reads both until they are empty. A FIFO that nobody holds can be leased again; one that a process
   * left in the background still holds stays with its command. `settled` is called when both are let go.
   */
  release(pair: OutputPair, settled: () => void): void {
    let held = 0;
    const letGo = () => {
      if (--held === 0) settled();
    };
    for (const fifo of [pair.stdout, pair.stderr]) {
      const state = fifo.drain(() => {
        this.#end(fifo);
        letGo();
      });
      if (state === 'held') held++;
      else this.#giveBack(fifo);
    }
    if (held === 0) settled();
  }

  /** A process that a command left in the background still writes to one. */
  get held(): boolean {
    return this.#open.size > this.#free.length;
  }

  /** Closes those that nobody holds. */
  closeFree(): void {
    for (const fifo of this.#free.splice(0)) {
      fifo.close();
      this.#end(fifo);
    }
  }

  close(): void {
    for (const fifo of [...this.#open]) {
      fifo.close();
      this.#end(fifo);
    }
    this.#free.length = 0;
  }

  #giveBack(fifo: OutputFifo): void {
    if (this.#free.length < this.#keptFree) this.#free.push(fifo);
    else {
      fifo.close();
      this.#end(fifo);
    }
  }

  #lease(lease: Lease): OutputFifo {
    const fifo = this.#free.pop() ?? this.#keep(new OutputFifo(this.#fifos.takeHeld(), this.#poller));
    fifo.lease(lease);
    return fifo;
  }

  #keep(fifo: OutputFifo): OutputFifo {
    this.#open.add(fifo);
    return fifo;
  }

  #end(fifo: OutputFifo): void {
    this.#open.delete(fifo);
    this.#fifos.discard(fifo.path);
  }
}
