// A checkpoint as one run of bytes that holds no shell's marker: for the time when there is no shell, and for
// the way to another engine. A line of JSON with the length of each section, then the sections. Pure.
import * as z from 'zod';
import { type Checkpoint, SECTIONS } from './checkpoint.ts';

const Header = z.object({
  version: z.int().min(0),
  background: z.string(),
  writtenAt: z.number().min(0),
  truncated: z.boolean(),
  lengths: z.array(z.int().min(0)).length(SECTIONS.length),
});

export function packState(checkpoint: Checkpoint): Buffer {
  const { version, background, writtenAt, truncated } = checkpoint;
  const texts = SECTIONS.map((name) => checkpoint[name]);
  const lengths = texts.map(({ length }) => length);
  const header = JSON.stringify({ version, background, writtenAt, truncated, lengths });
  return Buffer.from(`${header}\n${texts.join('')}`, 'latin1');
}

/** Null for what `packState` did not make. */
export function unpackState(bytes: Uint8Array): Checkpoint | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const cut = text.indexOf('\n');
  const header = Header.safeParse(parseJson(text.slice(0, Math.max(0, cut))));
  if (!header.success) return null;
  const { lengths, ...rest } = header.data;
  let at = cut + 1;
  const sections = SECTIONS.map((name, index) => {
    const from = at;
    at += lengths[index]!;
    return [name, text.slice(from, at)];
  });
  if (at !== text.length) return null;
  return { ...rest, ...(Object.fromEntries(sections) as Record<(typeof SECTIONS)[number], string>) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
