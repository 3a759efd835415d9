// Archives as nobody's tar would write them: each entry as it is told.

export interface Entry {
  path: string;
  /** '0' file, '1' hard link, '2' symlink, '3' device, '5' folder, '6' FIFO. */
  type?: string;
  link?: string;
  data?: Uint8Array | string;
  mode?: number;
  /** Attributes of pax, in a header of their own before it. */
  pax?: Record<string, string>;
}

export function tar(entries: Entry[], { end = true } = {}): Buffer {
  const blocks = entries.flatMap(({ pax, ...entry }) => [
    ...(pax ? [whole({ path: 'pax', type: 'x', data: records(pax) })] : []),
    whole(entry),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(end ? 1024 : 0)]);
}

function whole({ path, type = '0', link = '', data = '', mode = 0o644 }: Entry): Buffer {
  const bytes = Buffer.from(data as string);
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
  header.write(`${octal(bytes.length, 11)}\0${octal(1_700_000_000, 11)}\0        ${type}`, 124);
  header.write(link, 157, 100);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');

function records(pax: Record<string, string>): Buffer {
  const all = Object.entries(pax).map(([name, value]) => {
    const rest = Buffer.from(` ${name}=${value}\n`);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length += 1;
    return Buffer.concat([Buffer.from(String(length)), rest]);
  });
  return Buffer.concat(all);
}
