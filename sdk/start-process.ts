// Starting a process, in whichever session.
import type { Connection } from './connection/connection.ts';
import { Process } from './process.ts';
import type { ProcessInfo, StartProcessRequest } from './protocol/index.ts';

/**
 * Options of `startProcess`. `id` (`[A-Za-z0-9_.-]{1,64}`) is the idempotency key; one is made if absent.
 * The same request with the same id finds the one process and starts no second one.
 */
export interface StartProcessOptions extends Omit<StartProcessRequest, 'command'> {}

export async function startProcess(
  connection: Connection,
  command: string,
  { id = crypto.randomUUID(), ...options }: StartProcessOptions,
): Promise<Process> {
  const info = await connection.json<ProcessInfo>({
    method: 'POST',
    path: '/processes',
    json: { ...options, command, id },
    // It has an id, so it is started once however often it arrives.
    repeat: 'always',
  });
  return new Process(connection, info);
}
