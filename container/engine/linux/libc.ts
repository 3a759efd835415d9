// The calls of Linux that Node has not, through the C library of this very process.
// Each answers as in its man page, section 2 or 3; `errno` tells why after -1.
import { constants } from 'node:os';
import koffi from 'koffi';

const libc = koffi.load(null);

export const EAGAIN = constants.errno.EAGAIN;

/** Moves bytes from a pipe into a file inside the kernel: whoever is killed meanwhile, none is lost between. splice(2). */
const splice = libc.func(
  'long splice(int from, void *fromAt, int to, void *toAt, size_t length, uint flags)',
);
const SPLICE_F_NONBLOCK = 2;

/** Bytes moved, 0 at the end of the pipe, -1 with `errno()`. Never blocks. */
export function moveFromPipe(pipe: number, file: number, length: number): number {
  return splice(pipe, null, file, null, length, SPLICE_F_NONBLOCK) as number;
}

const lseek = libc.func('long lseek(int fd, long offset, int whence)');
const SEEK_END = 2;

/** Sets where `moveFromPipe` goes on writing. */
export function seekEnd(fd: number): void {
  lseek(fd, 0, SEEK_END);
}

const mkfifoCall = libc.func('int mkfifo(const char *path, uint mode)');

/** Makes a FIFO for its owner alone; false when there is something of that name. */
export function mkfifo(path: string): boolean {
  if (mkfifoCall(path, 0o600) === 0) return true;
  if (errno() === constants.errno.EEXIST) return false;
  throw failed('mkfifo', path);
}

const flock = libc.func('int flock(int fd, int operation)');
const LOCK_EX_NB = 6;

/** Locks an open file until this process ends; false when another has it. flock(2). */
export function tryLock(fd: number): boolean {
  return flock(fd, LOCK_EX_NB) === 0;
}

const syscall = libc.func('long syscall(long number, int pid, uint flags)');
/** The same on every architecture, see syscalls(2). */
const SYS_PIDFD_OPEN = 434;

/** A descriptor that becomes readable when the process ends; undefined if there is none. pidfd_open(2). */
export function openPid(pid: number): number | undefined {
  const fd = syscall(SYS_PIDFD_OPEN, pid, 0) as number;
  return fd < 0 ? undefined : fd;
}

const ioctl = libc.func('int ioctl(int fd, ulong request, void *argument)');
const FIONREAD = 0x541b;

/** Bytes that wait in a pipe. */
export function waitingBytes(fd: number): number {
  const value = Buffer.alloc(4);
  return ioctl(fd, FIONREAD, value) === 0 ? value.readInt32LE() : 0;
}

const TIOCGPGRP = 0x540f;

/** The process group in the foreground of a pseudoterminal, by its master; undefined if there is none. ioctl_tty(2). */
export function foregroundGroup(fd: number): number | undefined {
  const value = Buffer.alloc(4);
  return ioctl(fd, TIOCGPGRP, value) === 0 && value.readInt32LE() > 1 ? value.readInt32LE() : undefined;
}

const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Keeps a descriptor from all that is started. fcntl(2). */
export function closeOnExec(fd: number): void {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** struct pidfd_info of <linux/pidfd.h>: what is asked for and given, and, last, the status of wait(2). */
const PIDFD_INFO = { bytes: 64, exitCodeAt: 60, exit: 8n };
const PIDFD_GET_INFO = 0xc000ff0b + PIDFD_INFO.bytes * 0x10000;

/**
 * The wait status of a process that is no child of this one, by its pidfd, once its parent has taken note of its
 * end; `unsaid` before that, undefined where the kernel does not tell (before Linux 6.15).
 */
export function waitStatus(pidfd: number): number | 'unsaid' | undefined {
  const info = Buffer.alloc(PIDFD_INFO.bytes);
  info.writeBigUInt64LE(PIDFD_INFO.exit);
  const refused = ioctl(pidfd, PIDFD_GET_INFO, info) !== 0;
  if (refused) return undefined;
  return info.readBigUInt64LE() & PIDFD_INFO.exit ? info.readInt32LE(PIDFD_INFO.exitCodeAt) : 'unsaid';
}

/** Gives pages back that were freed; what has no such call, as musl, gives them back by itself. malloc_trim(3). */
export function releaseFreed(): void {
  mallocTrim?.(0);
}

const mallocTrim = orUndefined(() => libc.func('int malloc_trim(size_t pad)'));

export const epollCreate = libc.func('int epoll_create1(int flags)');
export const epollControl = libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)');
export const epollWait = libc.func('int epoll_wait(int epoll, void *events, int most, int timeoutMs)');

function orUndefined<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

export function errno(): number {
  return koffi.errno();
}

/** As Node's own file calls fail. */
export function failed(call: string, path: string): NodeJS.ErrnoException {
  const number = errno();
  const code =
    Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  return Object.assign(new Error(`${code}: ${call} '${path}'`), {
    code,
    errno: -number,
    syscall: call,
    path,
  });
}
