// Listening sockets as the kernel prints them.
import { expect, test } from 'vitest';
import { parseSockets } from '../../../container/engine/ports/sockets.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

test('only what listens counts, with its address and inode', () => {
  const text = `${HEAD}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12346 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 12347 1 0000000000000000 20 4 30 10 -1
`;
  expect(parseSockets(text)).toEqual([
    { port: 8080, address: '127.0.0.1', inode: '12345' },
    { port: 80, address: '0.0.0.0', inode: '12346' },
  ]);
});

test('addresses of IPv6 are written short', () => {
  const line = (hex: string) =>
    `${HEAD}   0: ${hex}:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100 0 0 10 0\n`;
  for (const [hex, address] of [
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000001000000', '::1'],
    ['B80D0120000000000000000001000000', '2001:db8::1'],
  ] as const) {
    expect(parseSockets(line(hex))[0]?.address).toBe(address);
  }
});
