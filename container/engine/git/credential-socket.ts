// Credentials on their way to git: over a socket that git inherits as descriptor 3, when its credential helper asks
// for them. So they are in no file, command line or environment, and a socket, other than a pipe, cannot be opened
// through /proc by another process.
import type { Duplex } from 'node:stream';
import type { Credentials } from './address.ts';

/** The descriptor that the helper uses. */
export const CREDENTIAL_FD = 3;

/** Builtins of sh alone: a program would have the credentials in its arguments. */
const HELPER = `!f() { test "$1" = get || exit 0; echo get >&${CREDENTIAL_FD}; \
while IFS= read -r line <&${CREDENTIAL_FD} && test -n "$line"; do printf '%s\\n' "$line"; done; }; f`;

/**
 * Configuration by which git asks over the socket, for that origin alone: a redirect elsewhere gets nothing. No
 * other helper is asked, or it would keep what it is told.
 */
export function credentialConfig(origin: string): [name: string, value: string][] {
  return [
    ['credential.helper', ''],
    [`credential.${origin}.helper`, HELPER],
  ];
}

/** Answers each question. git asks once, or, where the first answer was refused, not again. */
export function serveCredentials(socket: Duplex, { username, password }: Credentials): void {
  // The asker may be gone before the answer is there.
  socket.on('error', () => socket.destroy());
  socket.on('data', (asked: Buffer) => {
    for (const byte of asked) {
      if (byte === 0x0a) socket.write(`username=${username}\npassword=${password}\n\n`);
    }
  });
}
