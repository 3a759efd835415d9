// `npm run openapi`: writes docs/openapi.json, which Worker and engine serve.
import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from './document.ts';

const root = new URL('../', import.meta.url);

/** The file's whole text. */
export function openApiText(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  return `${JSON.stringify(openApiDocument(version), null, 1)}\n`;
}

if (import.meta.main) writeFileSync(new URL('docs/openapi.json', root), openApiText());
