// The API's own description. It is public text, so it is given to anybody.
import { Hono } from 'hono';
import { API_PAGE_HEADERS, type ApiDocument, apiPage } from '#protocol';
import document from '../../docs/openapi.json';
import type { AppEnv } from '../app.ts';

export const apiRoutes = new Hono<AppEnv>();

apiRoutes.get('/openapi.json', (c) => c.json(document));
apiRoutes.get('/docs', (c) => c.body(apiPage(document as unknown as ApiDocument), 200, API_PAGE_HEADERS));
