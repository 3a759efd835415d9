// Host names of previews, `{port}-{sandbox}-{token}.{host}`, made and taken apart. Pure, and without zod.
// Neither port nor token holds a dash, so the first and the last one say what lies between, whatever that is.
import { portNumber } from './port-names.ts';
import { SANDBOX_NAME } from './well-known.ts';

/** RFC 1035, section 2.3.4. */
const LABEL_OCTETS = 63;
/** 130 bits in base32. */
export const PREVIEW_TOKEN_LENGTH = 26;

const LABEL = /^([0-9]{1,5})-(.+)-([a-z0-9_]{1,26})$/;

export interface PreviewTarget {
  port: number;
  sandbox: string;
  token: string;
}

/** The first label of the host name; undefined where it would be longer than DNS allows. */
export function previewLabel({ port, sandbox, token }: PreviewTarget): string | undefined {
  const label = `${port}-${sandbox}-${token}`;
  return label.length <= LABEL_OCTETS ? label : undefined;
}

/** How long a sandbox's name may be for a preview of that port with a token of that length. */
export function longestPreviewedName(port: number, tokenLength = PREVIEW_TOKEN_LENGTH): number {
  return LABEL_OCTETS - `${port}--`.length - tokenLength;
}

/** What a label names; undefined for any other label. */
export function parsePreviewLabel(label: string): PreviewTarget | undefined {
  const [, digits = '', sandbox = '', token = ''] = LABEL.exec(label) ?? [];
  const port = portNumber(digits);
  if (port === undefined || !SANDBOX_NAME.test(sandbox)) return undefined;
  return { port, sandbox, token };
}

/**
 * What a host name below the host of previews leads to: a target, or null where it leads nowhere. Undefined for a
 * host that is not of previews at all. Without `previewHost` every host counts whose first label names a target.
 *
 * @param hostname As `URL.hostname` has it.
 * @param previewHost As configured: a port in it does not matter.
 * @example
 * previewOf('3000-demo-abc.preview.example.com', 'preview.example.com') // { port: 3000, sandbox: 'demo', token: 'abc' }
 * previewOf('preview.example.com', 'preview.example.com') // undefined
 */
export function previewOf(hostname: string, previewHost?: string): PreviewTarget | null | undefined {
  // A dot at the end is the same name, fully qualified.
  const name = hostname.toLowerCase().replace(/\.$/, '');
  if (!previewHost) return parsePreviewLabel(name.slice(0, Math.max(0, name.indexOf('.'))));
  const below = `.${previewHost.toLowerCase().replace(/:\d+$/, '')}`;
  return name.endsWith(below) ? (parsePreviewLabel(name.slice(0, -below.length)) ?? null) : undefined;
}

const PREVIEWED = /^\/previewed\/([0-9]{1,5})\/([a-z0-9_]{1,26})(\/.*)$/;

/** The URL under which a Durable Object is asked for what a preview's URL leads to: no path of the API begins so. */
export function previewedUrl(url: URL, { port, token }: PreviewTarget): string {
  return `${url.origin}/previewed/${port}/${token}${url.pathname}${url.search}`;
}

/** Takes the path of such a URL apart. */
export function parsePreviewed(path: string): { port: number; token: string; path: string } | undefined {
  const [, digits = '', token = '', rest = ''] = PREVIEWED.exec(path) ?? [];
  const port = portNumber(digits);
  return port === undefined ? undefined : { port, token, path: rest };
}
