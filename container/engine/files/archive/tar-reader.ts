// Reads a tar stream, cut anywhere: ustar, pax and GNU's long names (POSIX.1-2024, pax; tar(5)). It says what is in the
// archive and judges nothing but its form. Pure.
// Invariant: an entry's body is good until the next entry is asked for; what was not read of it is skipped.
import { isUtf8 } from 'node:buffer';
import { HoldfastError } from '#protocol';
import { ByteSource } from './byte-source.ts';

export interface TarEntry {
  path: string;
  /** As tar writes it: '0' file, '1' hard link, '2' symlink, '5' folder, '3', '4', '6' devices and FIFOs. */
  type: string;
  linkPath: string;
  size: number;
  mode: number;
  modifiedMs: number;
  body: AsyncIterable<Buffer>;
}

const BLOCK = 512;
/** Of names and attributes that stand before an entry: memory, so it has an end. */
const MOST_ATTRIBUTES = 1024 * 1024;
/** Types without content, whatever their header says of a size. */
const BODILESS = new Set(['1', '2', '3', '4', '5', '6']);

type Attributes = Record<string, string>;

/** @throws INVALID_ARCHIVE when it is damaged, cut, or none. */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, undefined> {
  const source = new ByteSource(chunks);
  const global: Attributes = {};
  let own: Attributes = {};
  for (;;) {
    const block = await source.take(BLOCK);
    if (!block) throw invalid('it breaks off');
    if (block.every((byte) => byte === 0)) break;
    const header = readHeader(block);
    if ('xgLK'.includes(header.type)) {
      if (header.size > MOST_ATTRIBUTES) throw invalid('a name in it is too long');
      const bytes = await source.take(header.size);
      if (!bytes || !(await source.skip(padding(header.size)))) throw invalid('it breaks off');
      if (header.type === 'x') own = { ...own, ...readAttributes(bytes) };
      else if (header.type === 'g') Object.assign(global, readAttributes(bytes));
      else own[header.type === 'L' ? 'path' : 'linkpath'] = text(bytes);
      continue;
    }
    const entry = withAttributes(header, { ...global, ...own });
    own = {};
    const size = BODILESS.has(entry.type) ? 0 : entry.size;
    const body = source.body(size);
    yield { ...entry, size, body: orInvalid(body.chunks) };
    if (!(await source.skip(body.left() + padding(size)))) throw invalid('it breaks off');
  }
  // What stands behind the end belongs to the sender all the same.
  await source.skip(Number.POSITIVE_INFINITY);
}

type Header = Omit<TarEntry, 'body'>;

function readHeader(block: Buffer): Header {
  if (number(block, 148, 8) !== checksum(block)) throw invalid('a header of it is damaged, or it is no tar');
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const isPosix = isUstar && block[262] === 0;
  const prefix = isPosix ? text(field(block, 345, 155)) : '';
  const name = text(field(block, 0, 100));
  const type = String.fromCharCode(block[156]!);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    type: type === '\0' || type === '7' ? '0' : type,
    linkPath: text(field(block, 157, 100)),
    size: number(block, 124, 12),
    mode: number(block, 100, 8),
    modifiedMs: number(block, 136, 12) * 1000,
  };
}

function withAttributes(header: Header, given: Attributes): Header {
  const { path = header.path, linkpath = header.linkPath, size, mtime } = given;
  if (Object.keys(given).some((name) => name.startsWith('GNU.sparse')))
    throw invalid('it holds sparse files');
  const entry = { ...header, path, linkPath: linkpath };
  if (size !== undefined) entry.size = Number(size);
  if (mtime !== undefined) entry.modifiedMs = Number(mtime) * 1000;
  if (!Number.isSafeInteger(entry.size) || entry.size < 0) throw invalid('a size in it makes no sense');
  if (!Number.isFinite(entry.modifiedMs)) throw invalid('a time in it makes no sense');
  // Before pax a folder was a file whose name ends with a slash.
  if (entry.type === '0' && path.endsWith('/')) entry.type = '5';
  return entry;
}

/** Records of pax: "<length> <name>=<value>\n", the length that of the whole record. */
function readAttributes(bytes: Buffer): Attributes {
  const found: Attributes = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    const end = at + length;
    if (
      space < 0 ||
      !Number.isInteger(length) ||
      end <= space ||
      end > bytes.length ||
      bytes[end - 1] !== 0x0a
    ) {
      throw invalid('an attribute in it is damaged');
    }
    const record = bytes.subarray(space + 1, end - 1);
    const equals = record.indexOf(0x3d);
    if (equals < 0) throw invalid('an attribute in it is damaged');
    const name = record.toString('latin1', 0, equals);
    const value = record.subarray(equals + 1);
    if (name === 'path' || name === 'linkpath') found[name] = text(value);
    else found[name] = value.toString();
    at = end;
  }
  return found;
}

/** Octal with blanks around it or, with the highest bit set, big-endian binary. */
function number(block: Buffer, at: number, length: number): number {
  if (block[at]! & 0x80) {
    let value = block[at]! & 0x7f;
    for (let i = at + 1; i < at + length; i += 1) value = value * 256 + block[i]!;
    return value;
  }
  const digits = field(block, at, length).toString('latin1').trim();
  if (!/^[0-7]*$/.test(digits)) throw invalid('a number in it makes no sense');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** Up to the first NUL. */
function field(block: Buffer, at: number, length: number): Buffer {
  const end = block.indexOf(0, at);
  return block.subarray(at, end < 0 || end > at + length ? at + length : end);
}

/** The header's bytes, with the sum itself as blanks. */
function checksum(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

/** GNU ends its long names with NUL. */
function text(bytes: Buffer): string {
  const whole = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
  if (!isUtf8(whole)) throw invalid('a name in it is not UTF-8');
  return whole.toString();
}

const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK;

async function* orInvalid(
  chunks: AsyncIterable<Buffer | undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    if (!chunk) throw invalid('it breaks off');
    yield chunk;
  }
}

export function invalid(why: string): HoldfastError {
  return new HoldfastError('INVALID_ARCHIVE', `the archive cannot be unpacked: ${why}`);
}
