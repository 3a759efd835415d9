// The engine's own description: public text, so no token is asked for.
import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { API_PAGE_HEADERS, type ApiDocument, apiPage, engineDocument } from '#protocol';
import whole from '../../../docs/openapi.json' with { type: 'json' };

export function apiRoutes(app: Hono<{ Bindings: HttpBindings }>): void {
  const document = engineDocument(whole as unknown as ApiDocument);
  app.get('/openapi.json', (c) => c.json(document));
  app.get('/docs', (c) => c.body(apiPage(document), 200, API_PAGE_HEADERS));
}
