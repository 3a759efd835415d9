import { expect, test } from 'vitest';
import { RestOfJson } from '../../worker/sandbox/rest-of-json.ts';

const JSON_TEXT = '{"stdout":"a  b\\n","exitCode":0}';
const encode = (text: string) => new TextEncoder().encode(text);

function feed(rest: RestOfJson, text: string, size: number): string {
  let passed = '';
  for (let at = 0; at < text.length; at += size)
    passed += new TextDecoder().decode(rest.take(encode(text.slice(at, at + size))));
  return passed;
}

test('cut anywhere, twice, and begun anew with other blanks, the JSON comes out whole', () => {
  const first = `   ${JSON_TEXT}`;
  for (let cut = 0; cut <= first.length; cut += 1) {
    for (const size of [1, 3, 1_000]) {
      const rest = new RestOfJson();
      let passed = feed(rest, first.slice(0, cut), size);
      rest.resume();
      passed += feed(rest, `${JSON_TEXT}`.slice(0, Math.floor(cut / 2)), size);
      rest.resume();
      passed += feed(rest, `  ${JSON_TEXT}`, size);
      expect(passed.trim()).toBe(JSON_TEXT);
    }
  }
});

test('blanks pass while nothing else came, so that the connection is kept', () => {
  const rest = new RestOfJson();
  expect(feed(rest, '  ', 1)).toBe('  ');
  rest.resume();
  expect(feed(rest, ' ', 1)).toBe(' ');
});
