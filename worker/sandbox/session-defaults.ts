// The sandbox's env lies under the env of every session that is created in it.

/** The body of `POST /sessions` with the settings' env under its own; what is not an object stays as it is. */
export async function withSessionDefaults(
  request: Request,
  env: Record<string, string>,
): Promise<BodyInit | null> {
  if (Object.keys(env).length === 0) return request.body;
  const text = await request.text();
  let body: unknown;
  try {
    body = JSON.parse(text || '{}');
  } catch {
    // The engine says what is wrong with it.
    return text;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return text;
  const own = (body as { env?: unknown }).env;
  if (own !== undefined && (typeof own !== 'object' || own === null)) return text;
  return JSON.stringify({ ...body, env: { ...env, ...own } });
}
