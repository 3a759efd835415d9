// The engine's own description: public text, so no token is asked for.
import { API_PAGE_HEADERS, type ApiDocument, apiPage, engineDocument } from '#protocol';
import whole from '../../../docs/openapi.json' with { type: 'json' };
import type { Routes } from './routes.ts';

export function apiRoutes(app: Routes): void {
  let made: ApiDocument | undefined;
  const document = () => {
    made ??= engineDocument(whole as unknown as ApiDocument);
    return made;
  };
  app.get('/openapi.json', (c) => c.json(document()));
  app.get('/docs', (c) => c.body(apiPage(document()), 200, API_PAGE_HEADERS));
}
