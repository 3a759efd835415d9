// The one name that is checked here: with it an address or a Durable Object is chosen.
import { HoldfastError, SANDBOX_NAME } from './protocol/index.ts';

/** The name, or `INVALID_REQUEST`. */
export function sandboxName(name: string): string {
  if (SANDBOX_NAME.test(name)) return name;
  throw new HoldfastError('INVALID_REQUEST', `"${name}" is no sandbox name; give [a-z0-9][a-z0-9-]{0,62}`);
}
