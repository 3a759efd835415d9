// The parts of an OpenAPI document that are read here, and the engine's document out of the Worker's. Without zod.

export interface ApiSchema {
  $ref?: string;
  type?: string;
  description?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, ApiSchema>;
  required?: string[];
  items?: ApiSchema;
  anyOf?: ApiSchema[];
  oneOf?: ApiSchema[];
}

export interface ApiParameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: ApiSchema;
}

interface Content {
  [type: string]: { schema?: ApiSchema; 'x-events'?: Record<string, ApiSchema> };
}

export interface ApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: ApiParameter[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

export interface ApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, ApiOperation>>;
  components: { schemas: Record<string, ApiSchema> };
}

const SANDBOX = '/v1/sandboxes/{sandbox}';
/** Below the sandbox's path and yet the Worker's alone: storage answers them. */
const WORKER_ONLY = new Set(['', '/tokens', '/previews', '/previews/{preview}']);

/** The engine's: the same calls without the sandbox in front. */
export function engineDocument(document: ApiDocument): ApiDocument {
  const paths: ApiDocument['paths'] = {};
  for (const [path, operations] of Object.entries(document.paths)) {
    const rest = path.startsWith(SANDBOX) ? path.slice(SANDBOX.length) : path;
    if (WORKER_ONLY.has(rest)) continue;
    paths[rest] = Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => {
        const { parameters } = operation;
        if (!parameters) return [method, operation];
        return [method, { ...operation, parameters: parameters.filter(({ name }) => name !== 'sandbox') }];
      }),
    );
  }
  const { title } = document.info;
  return { ...document, info: { ...document.info, title: `${title}: the engine` }, paths };
}
