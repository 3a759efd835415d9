// The session that a call's JSON body names.

/** Undefined where it names none; the engine says what is wrong with what is no JSON. */
export function sessionInBody(body: BodyInit | null): string | undefined {
  if (!(body instanceof Uint8Array)) return undefined;
  try {
    const { session } = JSON.parse(new TextDecoder().decode(body)) as { session?: unknown };
    return typeof session === 'string' ? session : undefined;
  } catch {
    return undefined;
  }
}
