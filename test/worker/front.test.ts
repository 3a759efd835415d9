// A request that the local servers' front door sends a second time is taken once.
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { app } from '../../worker/app.ts';
import { codeOf, ORIGIN } from './harness/api.ts';

const behindFront = { ...env, HOLDFAST_FRONT_TOKEN: 'front' };

function arrive(id: string, again: boolean, token = 'front') {
  const headers = {
    'x-holdfast-front': token,
    'x-request-id': id,
    ...(again ? { 'x-holdfast-again': '1' } : {}),
  };
  return app.request(`${ORIGIN}/health`, { headers }, behindFront);
}

test('one that never arrived before is served, one that did is not run twice', async () => {
  expect((await arrive('lost-on-its-way', true)).status).toBe(200);
  expect((await arrive('arrived', false)).status).toBe(200);
  const again = await arrive('arrived', true);
  expect([again.status, await codeOf(again)]).toEqual([503, 'CONTAINER_UNAVAILABLE']);
});

test('nobody but the front door is believed', async () => {
  expect((await arrive('arrived', false, 'guess')).status).toBe(200);
  expect((await arrive('arrived', true, 'guess')).status).toBe(200);
});
