// The WebSocket to a terminal: its bytes as binary messages both ways, JSON as text beside them.
// Invariant: however the connection ends, the terminal runs on.
import type { RawData, WebSocket } from 'ws';
import {
  ConnectTerminalQuery,
  HoldfastError,
  LIMITS,
  parseAs,
  queryValue,
  TerminalControl,
  TerminalId,
  type TerminalMessage,
} from '#protocol';
import type { Engine } from '../engine.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Outlet, Viewer } from '../terminal/viewer.ts';
import { parseJson } from './body.ts';
import { expected } from './errors.ts';
import { knownSignal } from './signal.ts';

const TERMINAL = /^\/terminals\/([^/]+)$/;
/** What the connection is closed with (RFC 6455, section 7.4.1) when the terminal has ended. */
const NORMAL = 1000;
/** What ws tells of a connection that nobody closed. */
const BROKE = 1006;

/** Takes upgrades at `/terminals/{id}`. 404 TERMINAL_NOT_FOUND, and with `create` what making one throws. */
export function terminalSocket(engine: Engine) {
  return (path: string, search: URLSearchParams) => {
    const encoded = TERMINAL.exec(path)?.[1];
    return encoded === undefined ? undefined : accepted(encoded, search);
  };

  async function accepted(encoded: string, search: URLSearchParams) {
    const id = parseAs(TerminalId, decoded(encoded), 'terminal');
    const query = parseAs(ConnectTerminalQuery, queryValue(search), 'the query');
    const terminal = await find(id, query);
    return (socket: WebSocket) => show(terminal, query, socket);
  }

  async function find(id: string, query: ConnectTerminalQuery): Promise<Terminal> {
    const { create, session, cwd, command, cols, rows } = query;
    if (!create || engine.terminals.has(id)) return engine.terminals.get(id);
    try {
      return await engine.createTerminal({ id, session, cwd, command, cols, rows });
    } catch (error) {
      // Two pages that open at once share the one.
      if (engine.terminals.has(id)) return engine.terminals.get(id);
      throw error;
    }
  }
}

function show(
  terminal: Terminal,
  { after, window, cols, rows }: ConnectTerminalQuery,
  socket: WebSocket,
): void {
  const { cols: had, rows: high } = terminal.info();
  terminal.resize(cols ?? had, rows ?? high);
  const { viewer, leave } = terminal.watch(
    outletOf(socket),
    { after, window },
    {
      holdInput: (hold) => (hold ? socket.pause() : socket.resume()),
      cutOff: () => socket.terminate(),
    },
  );
  const stopBeating = beat(socket, viewer);
  socket.on('message', (data, isBinary) => {
    if (isBinary) terminal.write(data as Buffer);
    else control(terminal, viewer, data);
  });
  // What was wrong is the close code: ws says it to the other side.
  socket.on('error', () => {});
  socket.on('close', (code) => {
    stopBeating();
    leave(code === BROKE);
  });
}

function outletOf(socket: WebSocket): Outlet {
  return {
    get waitingBytes() {
      return socket.bufferedAmount;
    },
    send: (bytes, left) => socket.send(bytes, (error) => error || left()),
    tell: (message) => socket.send(JSON.stringify(message), () => {}),
    close: () => socket.close(NORMAL),
  };
}

function control(terminal: Terminal, viewer: Viewer, data: RawData): void {
  try {
    const wanted = parseAs(TerminalControl, parseJson(String(data)), 'the message');
    if (wanted.type === 'resize') terminal.resize(wanted.cols, wanted.rows, viewer);
    else if (wanted.type === 'signal') terminal.signal(knownSignal(wanted.signal));
    else {
      viewer.acknowledge(wanted.offset);
      terminal.feed(viewer);
    }
  } catch (error) {
    const { code, message } = expected(error);
    viewer.tell({ type: 'error', code, message } satisfies TerminalMessage);
  }
}

/** Shows each side that the other is there; one that has gone without a word is let go. */
function beat(socket: WebSocket, viewer: Viewer): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    // One that is held, or has not taken what it was sent, cannot answer.
    if (socket.isPaused || socket.bufferedAmount > 0) return;
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
    viewer.tell({ type: 'alive' });
  }, LIMITS.heartbeatMs);
  return () => clearInterval(timer);
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw new HoldfastError('INVALID_REQUEST', 'the path holds a % that is no percent-encoded byte of UTF-8');
  }
}
