// Listening TCP sockets as the kernel tells of them, proc_pid_net(5). Pure.

export interface ListeningSocket {
  port: number;
  /** As text: `127.0.0.1`, `::`. */
  address: string;
  /** Names the socket as long as it is open. */
  inode: string;
}

/** State `TCP_LISTEN` of the kernel's tcp_states.h. */
const LISTEN = '0A';

/** What a whole `/proc/net/tcp` or `/proc/net/tcp6` says listens. */
export function parseSockets(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== LISTEN) continue;
    const [host = '', port = ''] = local.split(':');
    sockets.push({ port: Number.parseInt(port, 16), address: addressOf(host), inode });
  }
  return sockets;
}

/** The kernel prints an address word by word, each word in the machine's own order: little-endian here. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    word
      .match(/../g)!
      .reverse()
      .map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  // A URL knows the short form of an address, RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
