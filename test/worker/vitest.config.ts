// Tests inside workerd: the Worker and its Durable Object as deployed, and real engines on the loopback host.
import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export default defineConfig({
  // What the examples import is here the sources of the package.
  resolve: {
    alias: [
      { find: /^holdfast$/, replacement: source('sdk/index.ts') },
      { find: /^holdfast\/worker$/, replacement: source('worker/index.ts') },
    ],
  },
  plugins: [
    cloudflareTest(({ inject }) => ({
      wrangler: { configPath: fileURLToPath(new URL('../../wrangler.jsonc', import.meta.url)) },
      miniflare: {
        bindings: {
          HOLDFAST_API_KEY: 'the-api-key',
          HOLDFAST_PREVIEW_HOST: 'preview.test',
          HOLDFAST_LOCAL_HOST: inject('localHost').url,
          HOLDFAST_LOCAL_TOKEN: inject('localHost').token,
        },
      },
    })),
  ],
  test: {
    name: 'worker',
    globalSetup: fileURLToPath(new URL('harness/setup.ts', import.meta.url)),
    testTimeout: 30_000,
  },
});
