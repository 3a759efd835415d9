// Numbers as a reader wants them: as many digits as mean something.
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** 1000 as `1,000`; a size in bytes as `1 KB`. */
export function sizeText(size: number, of: string): string {
  if (of !== 'bytes') return size.toLocaleString('en-US');
  const power = Math.min(3, Math.floor(Math.log10(size) / 3));
  return `${size / 1_000 ** power} ${['B', 'KB', 'MB', 'GB'][power]}`;
}
