// The API document: as its sources say, whole in itself, and a page that needs nothing but itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ApiDocument, apiPage, ERRORS, engineDocument, OPERATIONS } from '#protocol';
import { ANSWERS } from '../../openapi/answers.ts';
import { openApiText } from '../../openapi/write.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8');
const worker: ApiDocument = JSON.parse(text);
const documents = { worker, engine: engineDocument(worker) };

const operationsOf = (document: ApiDocument) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test('docs/openapi.json is what `npm run openapi` writes', () => {
  expect(openApiText() === text, 'it is stale: run `npm run openapi`').toBe(true);
});

test('every operation of the protocol is in it, under its path', () => {
  for (const [id, { method, path, ...operation }] of Object.entries(OPERATIONS)) {
    const at = path.replace(/:(\w+)/g, '{$1}');
    for (const found of [
      documents.worker.paths[`/v1/sandboxes/{sandbox}${at}`],
      documents.engine.paths[at],
    ]) {
      const described = found?.[method.toLowerCase()];
      expect(described, `${method} ${path}`).toBeDefined();
      if (id !== 'getTerminal') expect(described?.operationId).toBe(id);
      expect('requestBody' in described!, id).toBe(
        'body' in operation || /Stdin|^writeFile|^unpack/.test(id),
      );
    }
  }
  const extra = operationsOf(worker).filter(({ operation }) => !(operation.operationId in OPERATIONS));
  expect(extra.map(({ operation }) => operation.operationId)).toEqual([
    'health',
    'getSandbox',
    'updateSandbox',
    'deleteSandbox',
    'createToken',
    'listPreviews',
    'createPreview',
    'deletePreview',
  ]);
  const engineOnly = Object.keys(documents.engine.paths).filter((path) => /sandbox|preview|token/.test(path));
  expect(engineOnly).toEqual([]);
});

for (const [name, document] of Object.entries(documents)) {
  test(`the ${name}'s document is OpenAPI 3.1 and whole: ids are unique, parameters and references lead somewhere`, () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const operations = operationsOf(document);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map((tag) => tag.name);
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, inner]) => inner);
      const parameters = operation.parameters ?? [];
      const declared = parameters.filter((parameter) => parameter.in === 'path');
      expect(declared.map((parameter) => parameter.name).sort(), path).toEqual(inPath.sort());
      expect(declared.every(({ required }) => required)).toBe(true);
      const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(keys).size, path).toBe(keys.length);
      for (const tag of operation.tags) expect(tags).toContain(tag);
      const statuses = Object.keys(operation.responses);
      expect(statuses.some((status) => Number(status) < 300)).toBe(true);
      expect(statuses.every((status) => /^[1-5]\d\d$/.test(status))).toBe(true);
      for (const response of Object.values(operation.responses)) expect(response.description).not.toBe('');
    }
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to);
    expect(references.length).toBeGreaterThan(100);
    for (const to of new Set(references)) {
      const [, schema = ''] = /^#\/components\/schemas\/(\w+)$/.exec(to) ?? [];
      expect(document.components.schemas, to).toHaveProperty(schema);
    }
  });

  test(`the page of the ${name}'s document shows each call and schema, and asks nobody for anything`, () => {
    const page = apiPage(document);
    for (const { path, operation } of operationsOf(document)) {
      expect(page).toContain(`id="${operation.operationId}"`);
      expect(page).toContain(path);
    }
    for (const schema of Object.keys(document.components.schemas))
      expect(page).toContain(`id="schema-${schema}"`);
    expect(page).not.toMatch(/<script|<img|<link|<iframe|url\(|@import|https?:\/\//);
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, to = '']) => to);
    for (const to of links.filter((link) => link.startsWith('#')))
      expect(page).toContain(`id="${to.slice(1)}"`);
    expect(links.filter((link) => !link.startsWith('#'))).toEqual(['openapi.json']);
  });
}

test('what a document says is text on the page, never markup', () => {
  const evil = '<script>alert(1)</script>"\'&';
  const schema = { description: evil, properties: { [evil]: { enum: [evil] } } };
  const page = apiPage({
    openapi: '3.1.1',
    info: { title: evil, version: evil, description: evil },
    tags: [{ name: evil }],
    paths: { [evil]: { get: { operationId: evil, tags: [evil], summary: evil, responses: {} } } },
    components: { schemas: { [evil]: schema } },
  });
  expect(page).not.toContain('<script');
});

test('the comments of the sources are its descriptions', () => {
  const { ExecResult, WaitRequest, OutputPage } = worker.components.schemas;
  expect(ExecResult?.properties?.exitCode?.description).toContain('124 for a timeout');
  expect(OutputPage?.properties?.chunks?.items?.properties?.seq?.description).toBe(
    "Of the chunk's last line.",
  );
  expect(JSON.stringify(WaitRequest)).toContain('Looks behind that seq only');
  const exec = worker.paths['/v1/sandboxes/{sandbox}/sessions/{session}/exec']?.post;
  expect(exec?.responses['200']?.content?.['text/event-stream']?.['x-events']).toHaveProperty('exit');
  expect(exec?.responses['429']?.description).toBe('QUEUE_FULL');
});

test('every code that an operation names is one of the table', () => {
  for (const { errors } of Object.values(ANSWERS))
    for (const code of errors) expect(ERRORS).toHaveProperty(code);
});
