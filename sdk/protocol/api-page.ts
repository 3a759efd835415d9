// The API document as a page to read: one answer without scripts, fonts or requests of its own. Without zod.
import type { ApiDocument, ApiOperation, ApiParameter, ApiSchema } from './api-document.ts';

/** What the page may do: show itself. */
export const API_PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --dim: #777; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 6rem; font: 16px/1.5 system-ui, sans-serif; }
code, .path { font: 0.875em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
nav { columns: 16rem; font-size: 0.9rem; } nav a { display: block; text-decoration: none; }
h2 { margin: 3rem 0 0.5rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0 0.75rem; }
summary { cursor: pointer; padding: 0.4rem 0; } details > :last-child { margin-bottom: 0.75rem; }
.method { display: inline-block; min-width: 4.2em; font-weight: 600; }
.about, .type { color: var(--dim); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
td, th { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid var(--line); }
p { margin: 0.5rem 0; } h4 { margin: 1rem 0 0.25rem; }
`;

/**
 * The page.
 *
 * @example
 * return new Response(apiPage(document), { headers: API_PAGE_HEADERS });
 */
export function apiPage({ info, tags, paths, components }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const shown = own.map(({ path, method, operation }) => operationHtml(path, method, operation));
    return own.length === 0 ? '' : `<h2 id="${text(name)}">${text(name)}</h2>${shown.join('')}`;
  });
  const links = [...tags.map(({ name }) => name), 'Schemas'].map(
    (name) => `<a href="#${text(name)}">${text(name)}</a>`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${text(name)}" open><summary><code>${text(name)}</code></summary>${schemaHtml(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(info.title)}</title><style>${STYLE}</style></head>
<body><h1>${text(info.title)} <small class="about">${text(info.version)}</small></h1>
${prose(info.description)}<p>As <a href="openapi.json">OpenAPI</a>.</p><nav>${links.join('')}</nav>
${sections.join('\n')}
<h2 id="Schemas">Schemas</h2>${schemas.join('\n')}
</body></html>
`;
}

function operationHtml(path: string, method: string, operation: ApiOperation): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const answers = Object.entries(responses).map(([status, { description: about, content }]) =>
    row(
      `<code>${text(status)}</code>`,
      content && Number(status) < 400 ? contentHtml(content) : '',
      text(about),
    ),
  );
  return `<details id="${text(operationId)}"><summary><span class="method">${text(method.toUpperCase())}</span>
<span class="path">${text(path)}</span><br><span class="about">${text(summary)}</span></summary>
${description ? prose(description) : ''}
${parameters.length > 0 ? `<h4>Parameters</h4><table>${parameters.map(parameterRow).join('')}</table>` : ''}
${requestBody ? `<h4>Body</h4><p>${contentHtml(requestBody.content)}</p>` : ''}
<h4>Answers</h4><table>${answers.join('')}</table></details>`;
}

const parameterRow = ({ name, in: where, required, description = '', schema }: ApiParameter) =>
  row(
    `<code>${text(name)}</code>`,
    `<span class="type">${text(where)}${required ? ', required' : ''}, ${typeHtml(schema)}</span>`,
    prose(description),
  );

function contentHtml(content: NonNullable<ApiOperation['requestBody']>['content']): string {
  const parts = Object.entries(content).map(([type, { schema, 'x-events': events }]) => {
    const named = Object.entries(events ?? {}).map(([name, inner]) => `${text(name)} ${typeHtml(inner)}`);
    const shape = named.length > 0 ? named.join('; ') : schema?.$ref ? typeHtml(schema) : '';
    return `<code>${text(type)}</code> ${shape}`;
  });
  return parts.join('<br>');
}

function schemaHtml(schema: ApiSchema): string {
  const about = schema.description ? prose(schema.description) : '';
  const parts = schema.oneOf ?? schema.anyOf;
  if (!schema.properties)
    return `${about}<p class="type">${typeHtml(schema)}</p>${(parts ?? []).map(fieldsHtml).join('')}`;
  return about + fieldsHtml(schema);
}

function fieldsHtml({ properties, required = [] }: ApiSchema): string {
  if (!properties) return '';
  const rows = Object.entries(properties).map(([name, schema]) => {
    const optional = required.includes(name) ? '' : '?';
    return row(
      `<code>${text(name)}${optional}</code>`,
      `<span class="type">${typeHtml(schema)}</span>`,
      prose(schema.description ?? ''),
    );
  });
  return `<table>${rows.join('')}</table>`;
}

/** A type in a few words, with links to the schemas that have a name. */
function typeHtml(schema: ApiSchema): string {
  const { $ref, type, items, properties } = schema;
  if ($ref !== undefined) {
    const name = text($ref.slice($ref.lastIndexOf('/') + 1));
    return `<a href="#schema-${name}"><code>${name}</code></a>`;
  }
  if ('const' in schema) return `<code>${text(JSON.stringify(schema.const))}</code>`;
  if (schema.enum)
    return schema.enum.map((value) => `<code>${text(JSON.stringify(value))}</code>`).join(' | ');
  const parts = schema.oneOf ?? schema.anyOf;
  if (parts) return parts.map(typeHtml).join(' | ');
  if (items) return `list of ${typeHtml(items)}`;
  if (properties) return `{ ${Object.keys(properties).map(text).join(', ')} }`;
  return text(type ?? 'anything');
}

const row = (...cells: string[]) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;

/** Paragraphs; between backticks is code, between double stars what matters. */
function prose(markdown: string): string {
  const paragraphs = markdown.split('\n\n').filter((paragraph) => paragraph !== '');
  const inline = (paragraph: string) =>
    text(paragraph)
      .replace(/`([^`]+)`/g, '<code>$1</code>')
      .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
  return paragraphs.map((paragraph) => `<p>${inline(paragraph)}</p>`).join('');
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function text(plain: string): string {
  return plain.replace(/[&<>"]/g, (character) => ESCAPES[character]!);
}
