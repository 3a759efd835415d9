// The ETag of a content, and what a request demands of it (RFC 9110, sections 8.8.3 and 13.1). Pure.
import { createHash, type Hash } from 'node:crypto';
import { HoldfastError } from '#protocol';

export class ContentHash {
  readonly #hash: Hash = createHash('sha256');

  add(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  /** A strong one: equal tags are equal bytes. */
  etag(): string {
    return `"sha256-${this.#hash.digest('hex')}"`;
  }
}

/** What must hold of what is there before a write. */
export interface Condition {
  /** One of these, or anything at all. */
  match?: '*' | string[];
  /** None of these, or nothing at all. */
  noneMatch?: '*' | string[];
}

/** Undefined where nothing is demanded. */
export function conditionOf(ifMatch?: string, ifNoneMatch?: string): Condition | undefined {
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  return {
    ...(ifMatch === undefined ? {} : { match: tags(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { noneMatch: tags(ifNoneMatch) }),
  };
}

/**
 * `etag` of what is there, undefined where nothing is.
 *
 * @throws FILE_CHANGED
 */
export function assertCondition(
  { match, noneMatch }: Condition,
  etag: string | undefined,
  path: string,
): void {
  const has = (wanted: '*' | string[]) => etag !== undefined && (wanted === '*' || wanted.includes(etag));
  if (match !== undefined && !has(match)) {
    const now = etag === undefined ? 'it is not there' : `its ETag is ${etag}`;
    throw new HoldfastError('FILE_CHANGED', `${path} is not what If-Match says: ${now}`, {
      details: { etag: etag ?? null },
    });
  }
  if (noneMatch !== undefined && has(noneMatch)) {
    throw new HoldfastError('FILE_CHANGED', `${path} is there already, which If-None-Match forbids`, {
      details: { etag },
    });
  }
}

/** A weak tag never matches strongly, so it is left as it is; so is a bare hash without quotes. */
function tags(header: string): '*' | string[] {
  if (header.trim() === '*') return '*';
  return header.split(',').map((tag) => tag.trim());
}
