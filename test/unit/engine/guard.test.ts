// Who may call an engine: pages of other sites may not, whatever they know of its address.
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { guard } from '../../../container/engine/http/guard.ts';

const request = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage;
const refused = (headers: Record<string, string>, token?: string) => {
  try {
    guard(request(headers), token);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('without a token an engine answers this machine, by any of its names', () => {
  for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080']) {
    expect(refused({ host })).toBeUndefined();
    expect(refused({ host, origin: 'http://localhost:3000' })).toBeUndefined();
  }
});

test('without a token it answers neither a name that points here nor a page of another site', () => {
  expect(refused({ host: 'evil.example' })).toBe('FORBIDDEN');
  expect(refused({ host: 'localhost', origin: 'http://evil.example' })).toBe('FORBIDDEN');
  expect(refused({ host: 'localhost', origin: 'null' })).toBe('FORBIDDEN');
  expect(refused({})).toBe('FORBIDDEN');
});

test('with a token only the token counts', () => {
  expect(refused({ host: 'anywhere', authorization: 'Bearer secret' }, 'secret')).toBeUndefined();
  expect(refused({ host: 'anywhere', 'x-execd-access-token': 'secret' }, 'secret')).toBeUndefined();
  expect(refused({ host: 'localhost', authorization: 'Bearer other' }, 'secret')).toBe('UNAUTHORIZED');
  expect(refused({ host: 'localhost' }, 'secret')).toBe('UNAUTHORIZED');
});
