// The API's own description, as a server gives it to anybody.
import { expect, test } from 'vitest';
import type { ApiDocument } from '#protocol';
import { target } from './harness/api.ts';

const { origin } = new URL(target.url);

test('the document and its page are given without a key', async () => {
  const answer = await fetch(`${origin}/openapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  const { openapi, paths } = (await answer.json()) as ApiDocument;
  expect(openapi).toMatch(/^3\.1/);
  const exec = Object.keys(paths).find((path) => path.endsWith('/sessions/{session}/exec'));
  const sandbox = target.url.includes('/v1/sandboxes/') ? '/v1/sandboxes/{sandbox}' : '';
  expect(exec).toBe(`${sandbox}/sessions/{session}/exec`);
  const page = await fetch(`${origin}/docs`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await page.text()).toContain(exec);
});
