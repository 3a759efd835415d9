// What a caller may do. A write token runs commands in its sandbox; the sandbox itself (its settings,
// its existence, its tokens) is the owner's, because tokens are handed to people who are trusted less.
import { HoldfastError } from '#protocol';
import type { Caller } from './authenticate.ts';

/** What a call asks for: `read` and `write` can be given by a token, `owner` is the API key alone. */
export type Access = 'read' | 'write' | 'owner';

/** @throws FORBIDDEN when the caller may not do this to this sandbox. */
export function authorize(caller: Caller, sandbox: string, access: Access): void {
  if (caller.kind === 'owner') return;
  if (caller.sandbox !== sandbox) {
    throw new HoldfastError('FORBIDDEN', 'This token is for another sandbox.');
  }
  if (access === 'owner') {
    throw new HoldfastError('FORBIDDEN', 'This call needs the API key; a token is not enough.');
  }
  if (access === 'write' && caller.access !== 'write') {
    throw new HoldfastError(
      'FORBIDDEN',
      'This token only allows reading; ask for one with "access": "write".',
    );
  }
}
