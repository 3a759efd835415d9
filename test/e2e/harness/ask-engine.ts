// Asking an engine that may be dead at the moment.
import { randomUUID } from 'node:crypto';

/** What a command prints in a session; undefined where the engine does not answer. */
export async function printOf(
  url: string,
  command: string,
  token?: string,
  session = 'default',
): Promise<string | undefined> {
  const answer = await post<{ stdout: string }>(`${url}/sessions/${session}/exec`, { command }, token);
  return answer?.stdout.trim();
}

/** The process of the engine: the parent of a shell that was started just now. Older shells may be a dead engine's. */
export async function enginePidOf(url: string, token?: string): Promise<number | undefined> {
  const id = randomUUID();
  await post(`${url}/sessions`, { id }, token);
  const pid = Number(await printOf(url, 'echo $PPID', token, id)) || undefined;
  await fetch(`${url}/sessions/${id}`, { method: 'DELETE', headers: headersOf(token) }).catch(() => {});
  return pid;
}

async function post<T>(url: string, body: unknown, token?: string): Promise<T | undefined> {
  try {
    const init = { method: 'POST', headers: headersOf(token), body: JSON.stringify(body) };
    const response = await fetch(url, init);
    return response.ok ? ((await response.json()) as T) : undefined;
  } catch {
    return undefined; // nobody listens, or it died in the middle
  }
}

function headersOf(token?: string): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
