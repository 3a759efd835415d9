// Where a reader of a long listing stands: the path of the last entry it has. Names are bytes, compared as such, and
// a folder comes before what is in it; so the order is one, whatever was made or removed between two pages. Pure.
import { HoldfastError } from '#protocol';

const SLASH = 0x2f;

/** The names of a relative path. */
export type Names = readonly Buffer[];

export function encodeCursor(names: Names): string {
  return Buffer.concat(names.flatMap((name, i) => (i === 0 ? [name] : [Buffer.of(SLASH), name]))).toString(
    'base64url',
  );
}

/** @throws INVALID_REQUEST */
export function decodeCursor(cursor: string): Names {
  const bytes = Buffer.from(cursor, 'base64url');
  const names: Buffer[] = [];
  for (let at = 0; at <= bytes.length; ) {
    const slash = bytes.indexOf(SLASH, at);
    const end = slash === -1 ? bytes.length : slash;
    names.push(bytes.subarray(at, end));
    at = end + 1;
  }
  if (bytes.toString('base64url') !== cursor || names.some((name) => name.length === 0)) {
    throw new HoldfastError('INVALID_REQUEST', 'cursor: this is none; give the one of the page before');
  }
  return names;
}

/** What a reader behind `after` is still to see of a folder's entry `name`; `after` is seen from that folder. */
export function standing(name: Buffer, after: Names | undefined): { told: boolean; after?: Names } | 'over' {
  if (!after) return { told: false };
  const order = Buffer.compare(name, after[0]!);
  if (order < 0) return 'over';
  if (order > 0) return { told: false };
  return after.length === 1 ? { told: true } : { told: true, after: after.slice(1) };
}
