// The few shapes that the charts are made of.
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const COLOURS = {
  page: '#ffffff',
  ink: '#24292f',
  faint: '#6e7781',
  grid: '#d8dee4',
  floor: '#c9d1d9',
  ours: '#2f6feb',
  tail: '#9cbcf8',
  bad: '#cf222e',
} as const;

export function svg(width: number, height: number, title: string, shapes: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    // A page of its own, so that it can be read on a dark one.
    `<rect width="${width}" height="${height}" rx="6" fill="${COLOURS.page}"/>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n');
}

export function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(height)}" rx="2" fill="${fill}"/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}"/>`;
}

export function text(x: number, y: number, words: string, more = ''): string {
  return `<text x="${px(x)}" y="${px(y)}" fill="${COLOURS.ink}"${more && ` ${more}`}>${escaped(words)}</text>`;
}

export function path(points: [number, number][], stroke: string): string {
  return `<polyline points="${points.map((point) => point.map(px).join(',')).join(' ')}" fill="none" stroke="${stroke}" stroke-width="2"/>`;
}

export function dot(x: number, y: number, fill: string): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="2.5" fill="${fill}"/>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => ENTITIES[sign]!).replaceAll('`', '');
}
