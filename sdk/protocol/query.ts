// A query as the value that its schema is for.

/** A parameter that comes several times is a list. */
export function queryValue(given: URLSearchParams): Record<string, string | string[]> {
  const entries = [...new Set(given.keys())].map((name): [string, string | string[]] => {
    const values = given.getAll(name);
    return [name, values.length === 1 ? values[0]! : values];
  });
  return Object.fromEntries(entries);
}
