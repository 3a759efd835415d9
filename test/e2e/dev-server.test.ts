// A dev server of the sandbox, as a person sees it who opens its preview URL in a browser.
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Preview } from '#protocol';
import { api, target } from './harness/api.ts';
import { type Browser, hasBrowser, startBrowser } from './harness/browser.ts';
import { startServer } from './harness/port-server.ts';
import { startProcess } from './harness/process.ts';
import { test as base } from './harness/session.ts';
import { until } from './harness/until.ts';

const test = base.extend<{ browser: Browser }>({
  browser: async ({ task: _ }, use) => {
    const browser = await startBrowser();
    await use(browser);
    await browser.close();
  },
});

/** Vite, as the tests' own runner brings it: what runs here unisolated can start it. */
const VITE = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url));

const SITE = {
  'index.html': '<h1></h1><script type="module" src="/main.js"></script>',
  'main.js': `import { text } from './text.js';
    const show = (shown) => { document.querySelector('h1').textContent = shown; };
    show(text);
    import.meta.hot.accept('./text.js', (changed) => show(changed.text));`,
  'text.js': "export const text = 'first';",
};

const NO_BROWSER = 'skipped: there is no /usr/bin/chromium';
const needsVite = hasBrowser ? 'embedded only: it needs Vite in the sandbox' : NO_BROWSER;
const needsPreviews = hasBrowser ? 'not for the engine alone, which has no previews' : NO_BROWSER;

const exposed = async (port: number) => {
  const { status, body } = await api<Preview>('POST', '/previews', { port });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.url;
};

test.skipIf(target.name !== 'embedded' || !hasBrowser)(
  `a change of a file shows in the page that a browser has open at the preview URL, without loading it anew (${needsVite})`,
  async ({ session, folder, browser }) => {
    const write = async (name: string, content: string) =>
      expect((await api('PUT', `/files?path=${folder}/${name}`, content)).status).toBeLessThan(300);
    for (const [name, content] of Object.entries(SITE)) await write(name, content);
    const command = `${process.execPath} ${VITE} --host 127.0.0.1 --port 0 --clearScreen false`;
    const server = await startProcess(session, command, { cwd: folder, env: { NO_COLOR: '1' } });
    const { text } = await server.readUntil('http://127.0.0.1:');
    const listed = await until(async () => {
      const { body } = await api<{ ports: { port: number; commandId?: string }[] }>('GET', '/ports');
      return body.ports.find(({ commandId }) => commandId === server.id);
    });
    expect(text).toContain('VITE');
    const page = await browser.open(await exposed(listed.port));
    const shown = () => page.evaluate<string>("document.querySelector('h1').textContent");
    await until(async () => (await shown()) === 'first');
    await page.evaluate('globalThis.kept = 1');
    // Again until it shows: the page's own socket may just be on its way.
    await until(async () => {
      await write('text.js', "export const text = 'second';");
      return (await shown()) === 'second';
    });
    expect(await page.evaluate('globalThis.kept')).toBe(1);
  },
  60_000,
);

test.skipIf(target.name === 'engine' || !hasBrowser)(
  `a page speaks to its server over a WebSocket, and a link that was revoked shows nothing of it (${needsPreviews})`,
  async ({ session, browser }) => {
    const { port } = await startServer(session);
    const url = await exposed(port);
    const page = await browser.open(`${url}page`);
    const shown = () => page.evaluate<string>("document.querySelector('#said').textContent");
    await until(async () => (await shown()) === 'over a socket');
    expect((await api('DELETE', `/previews/${port}`)).status).toBe(204);
    const after = await browser.open(`${url}page`);
    const body = () => after.evaluate<string>('document.body.innerText');
    await until(async () => (await body())?.includes('NOT_FOUND'));
    expect(await body()).not.toContain('said');
  },
  60_000,
);
