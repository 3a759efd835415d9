// Headers on their way to a server behind a port, and back. Pure.
// Invariant: nothing that lets a caller in to Holdfast goes to the server, and what says where a request came from
// is ours, whatever the client wrote.
import { type Forwarded, PORT_AUTHORIZATION_HEADER } from '#protocol';

/** RFC 9110, section 7.6.1, and those that are for the next proxy. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const CREDENTIALS = ['authorization', 'x-execd-access-token'];
/** How the parts of Holdfast speak to each other. */
const OURS = 'x-holdfast-';
const UPGRADE = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];
const FORWARDED = /^(?:forwarded|x-forwarded-.*|x-real-ip|x-original-.*)$/;

/** Names and values in turn, as Node has them raw: order, case and repetition stay. */
type RawHeaders = readonly string[];

export interface Passage {
  port: number;
  forwarded: Forwarded;
  /** Whether the connection is to become a WebSocket. */
  upgrades: boolean;
  /** The length of the body is not known. */
  chunked: boolean;
}

/** What the server gets. */
export function requestHeaders(raw: RawHeaders, { port, forwarded, upgrades, chunked }: Passage): string[] {
  const dropped = new Set(['host', 'expect', ...HOP_BY_HOP, ...nominated(raw), ...CREDENTIALS]);
  const host = `localhost:${port}`;
  const headers = ['Host', host];
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase();
    if (lower === PORT_AUTHORIZATION_HEADER) headers.push('Authorization', value);
    if (dropped.has(lower) || lower.startsWith(OURS) || FORWARDED.test(lower)) continue;
    // A page of the server itself is of the same origin to it, under whatever name it was loaded.
    const isOwn = lower === 'origin' && value === `${forwarded.proto}://${forwarded.host}`;
    headers.push(name, isOwn ? `http://${host}` : value);
  }
  if (forwarded.for !== undefined) headers.push('X-Forwarded-For', forwarded.for);
  headers.push('X-Forwarded-Proto', forwarded.proto, 'X-Forwarded-Host', forwarded.host);
  if (forwarded.prefix !== undefined) headers.push('X-Forwarded-Prefix', forwarded.prefix);
  headers.push(...(upgrades ? UPGRADE : ['Connection', 'close']));
  if (chunked) headers.push('Transfer-Encoding', 'chunked');
  return headers;
}

/** What the client gets of the server's answer. */
export function responseHeaders(raw: RawHeaders, { port, forwarded, upgrades }: Passage): string[] {
  const dropped = new Set([...HOP_BY_HOP, ...nominated(raw)]);
  const headers: string[] = [];
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase();
    if (dropped.has(lower) || lower.startsWith(OURS)) continue;
    headers.push(name, lower === 'location' ? locationFor(value, port, forwarded) : value);
  }
  if (upgrades) headers.push(...UPGRADE);
  return headers;
}

/** A redirect to the server's own address, which the client does not know it by. */
function locationFor(location: string, port: number, { proto, host, prefix = '' }: Forwarded): string {
  const own = new RegExp(`^http://(?:localhost|127\\.0\\.0\\.1):${port}(?=[/?#]|$)`, 'i');
  return location.replace(own, () => `${proto}://${host}${prefix}`);
}

/** `Connection` names further headers that end here. */
function nominated(raw: RawHeaders): string[] {
  return (
    pairs(raw)
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()))
      // They do not name what is needed from end to end.
      .filter((name) => !['host', 'content-length', 'content-type'].includes(name))
  );
}

function pairs(raw: RawHeaders): [name: string, value: string][] {
  const all: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) all.push([raw[at]!, raw[at + 1]!]);
  return all;
}
