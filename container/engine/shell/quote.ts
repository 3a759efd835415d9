// Quoting for bash (bash(1), QUOTING): between single quotes every byte but the quote is literal.
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
