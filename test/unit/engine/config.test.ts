import { expect, test } from 'vitest';
import { isLoopback, readConfig } from '../../../container/engine/config.ts';

test('an engine without settings listens on loopback', () => {
  expect(readConfig({}, '/work')).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    token: undefined,
    workdir: '/work',
  });
});

test('sessions sleep after ten minutes unless another time is set, and never at 0', () => {
  expect(readConfig({}, '/').hibernateMs).toBe(600_000);
  expect(readConfig({ HOLDFAST_HIBERNATE_MS: '0' }, '/').hibernateMs).toBe(0);
  expect(() => readConfig({ HOLDFAST_HIBERNATE_MS: 'never' }, '/')).toThrow('HOLDFAST_HIBERNATE_MS');
});

test('an engine that can be reached from outside needs a token', () => {
  expect(() => readConfig({ HOLDFAST_HOST: '0.0.0.0' }, '/')).toThrow('HOLDFAST_ENGINE_TOKEN');
  expect(readConfig({ HOLDFAST_HOST: '0.0.0.0', HOLDFAST_ENGINE_TOKEN: 't' }, '/').token).toBe('t');
});

test('a setting that makes no sense is told by its name', () => {
  expect(() => readConfig({ PORT: 'http' }, '/')).toThrow('PORT');
  expect(() => readConfig({ HOLDFAST_SESSION_ENV: '{"1x":"y"}' }, '/')).toThrow('HOLDFAST_SESSION_ENV');
  expect(() => readConfig({ HOLDFAST_SESSION_ENV: 'not json' }, '/')).toThrow('HOLDFAST_SESSION_ENV');
});

test('loopback is what a machine calls itself, and nothing that only looks like it', () => {
  expect(['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'].every(isLoopback)).toBe(true);
  expect(['localhost.evil.example', '127.0.0.1.evil.example', '0.0.0.0', ''].some(isLoopback)).toBe(false);
});
