// Tells when descriptors can be read, without reading them: Node's own streams read at once, into memory that is
// lost with the process. epoll_wait(2) waits on a thread of libuv's pool, so the event loop never does.
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { epollControl, epollCreate, epollWait, mkfifo } from './libc.ts';

const { O_RDWR, O_NONBLOCK } = constants;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const ADD = 1;
const REMOVE = 2;
/** struct epoll_event is packed on x86-64 alone, see epoll_ctl(2): 12 bytes there, 16 elsewhere. */
const [EVENT_BYTES, DATA_AT] = process.arch === 'x64' ? [12, 4] : [16, 8];
const MOST = 64;

/** Level-triggered: a handler that leaves something unread is called again. */
export class Poller {
  readonly #epoll = epollCreate(EPOLL_CLOEXEC) as number;
  readonly #handlers = new Map<number, () => void>();
  readonly #events = Buffer.alloc(MOST * EVENT_BYTES);
  readonly #wake: number;
  #waiting = false;
  #closed = false;

  /** `wakePath` names a FIFO that is made for a moment. */
  constructor(wakePath: string) {
    rmSync(wakePath, { force: true });
    mkfifo(wakePath);
    this.#wake = openSync(wakePath, O_RDWR | O_NONBLOCK);
    rmSync(wakePath);
    this.#control(ADD, this.#wake, EPOLLIN);
    // A thread that waits for ever would keep the process from ending, also after an exception.
    process.once('exit', this.#stop);
  }

  /** Calls `onReady` whenever `fd` can be read or is at its end, until it is removed. */
  add(fd: number, onReady: () => void): void {
    this.#add(fd, EPOLLIN, onReady);
  }

  /** The same for writing. */
  addWriter(fd: number, onReady: () => void): void {
    this.#add(fd, EPOLLOUT, onReady);
  }

  #add(fd: number, events: number, onReady: () => void): void {
    this.#handlers.set(fd, onReady);
    this.#control(ADD, fd, events);
    this.#wait();
  }

  /** Call it before `fd` is closed. */
  remove(fd: number): void {
    if (this.#handlers.delete(fd)) this.#control(REMOVE, fd);
  }

  close(): void {
    this.#stop();
    process.removeListener('exit', this.#stop);
  }

  readonly #stop = () => {
    if (this.#closed) return;
    this.#closed = true;
    writeSync(this.#wake, '.');
  };

  #wait(): void {
    if (this.#waiting || this.#closed) return;
    this.#waiting = true;
    epollWait.async(this.#epoll, this.#events, MOST, -1, (error: unknown, count: number) => {
      this.#waiting = false;
      if (error) throw error;
      if (this.#closed) {
        closeSync(this.#epoll);
        closeSync(this.#wake);
        return;
      }
      for (let i = 0; i < count; i++) {
        // A handler may have removed another one's descriptor: its event is void then.
        this.#handlers.get(this.#events.readInt32LE(i * EVENT_BYTES + DATA_AT))?.();
      }
      this.#wait();
    });
  }

  #control(operation: number, fd: number, events = 0): void {
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(events);
    event.writeInt32LE(fd, DATA_AT);
    epollControl(this.#epoll, operation, fd, event);
  }
}
