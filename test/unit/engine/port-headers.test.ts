// Headers to a server in the sandbox and back.
import { expect, test } from 'vitest';
import { type Passage, requestHeaders, responseHeaders } from '../../../container/engine/ports/headers.ts';

const passage: Passage = {
  port: 3000,
  forwarded: { for: '192.0.2.1', proto: 'https', host: '3000-a-b.example.com' },
  upgrades: false,
  chunked: false,
};
const sent = (raw: string[], more: Partial<Passage> = {}) => requestHeaders(raw, { ...passage, ...more });
const back = (raw: string[], more: Partial<Passage> = {}) => responseHeaders(raw, { ...passage, ...more });

const FORWARDED = [
  'X-Forwarded-For',
  '192.0.2.1',
  'X-Forwarded-Proto',
  'https',
  'X-Forwarded-Host',
  '3000-a-b.example.com',
];

test('order, case and repetition stay', () => {
  const raw = ['Accept', 'a', 'X-b', '1', 'ACCEPT', 'c'];
  expect(sent(raw)).toEqual(['Host', 'localhost:3000', ...raw, ...FORWARDED, 'Connection', 'close']);
});

test('what is for one hop ends here, by name or because Connection names it', () => {
  const raw = [
    'Connection',
    'keep-alive, X-Private ,content-length',
    'X-Private',
    '1',
    'Content-Length',
    '3',
  ];
  const hops = [
    'Keep-Alive',
    '1',
    'TE',
    'trailers',
    'Trailer',
    'x',
    'Upgrade',
    'h2c',
    'Proxy-Authorization',
    'x',
  ];
  expect(sent([...raw, ...hops]).join()).not.toMatch(/private|keep-alive|trailer|h2c|proxy/i);
  expect(sent(raw)).toContain('Content-Length');
  expect(
    back(['Connection', 'x-private', 'X-Private', '1', 'Transfer-Encoding', 'chunked', 'A', 'b']),
  ).toEqual(['A', 'b']);
});

test('credentials of Holdfast never go on, those of the server do', () => {
  const raw = ['Authorization', 'Bearer key', 'authorization', 'Bearer key', 'X-EXECD-ACCESS-TOKEN', 'key'];
  expect(sent([...raw, 'X-Holdfast-Front', 'key', 'x-holdfast-anything', 'key']).join()).not.toContain('key');
  expect(sent([...raw, 'X-Holdfast-Authorization', 'Basic eA=='])).toEqual([
    'Host',
    'localhost:3000',
    'Authorization',
    'Basic eA==',
    ...FORWARDED,
    'Connection',
    'close',
  ]);
});

test('where a request came from is not the client’s to say', () => {
  const raw = [
    'X-Forwarded-For',
    '6.6.6.6',
    'Forwarded',
    'for=6.6.6.6',
    'X-Real-IP',
    '6.6.6.6',
    'x-forwarded-x',
    '6',
  ];
  expect(sent(raw)).toEqual(sent([]));
  const { for: _, ...unknown } = passage.forwarded;
  expect(sent(raw, { forwarded: unknown }).join()).not.toContain('For,');
});

test('a page of the server itself is of its origin, any other stays what it is', () => {
  expect(sent(['Origin', 'https://3000-a-b.example.com'])).toContain('http://localhost:3000');
  for (const origin of ['https://evil.example', 'null', 'http://3000-a-b.example.com']) {
    expect(sent(['Origin', origin])).toContain(origin);
  }
});

test('a redirect to the address that the server was asked by leads to the one that the client used', () => {
  const to = (location: string) => back(['Location', location])[1];
  expect(to('http://localhost:3000/a?b')).toBe('https://3000-a-b.example.com/a?b');
  expect(to('http://127.0.0.1:3000')).toBe('https://3000-a-b.example.com');
  for (const other of [
    '/a',
    'http://localhost:30001/',
    'http://localhost:3000.evil/',
    'https://localhost:3000/',
    'x',
  ]) {
    expect(to(other)).toBe(other);
  }
});

test('a WebSocket asks for its protocol, a body of unknown length says so', () => {
  expect(sent(['Upgrade', 'WebSocket'], { upgrades: true }).slice(-4)).toEqual([
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
  ]);
  expect(sent([], { chunked: true }).slice(-2)).toEqual(['Transfer-Encoding', 'chunked']);
});
