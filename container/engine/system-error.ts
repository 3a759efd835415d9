// What the machine refused, as the caller should hear it: errno(3) to an error that says what to do.
import { errorCode, HoldfastError } from '#protocol';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const EXHAUSTED: Record<string, string> = {
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENOMEM: 'the memory is full',
  EAGAIN: 'too many processes run',
};

/** Holdfast's own errors as they are. What nobody expected is logged, and told as INTERNAL with `otherwise`. */
export function asHoldfastError(error: unknown, otherwise: string): HoldfastError {
  if (errorCode(error)) return error as HoldfastError;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (FULL.has(code)) {
    return new HoldfastError(
      'DISK_FULL',
      `the disk of the sandbox is full (${code}); remove something and try again`,
    );
  }
  const exhausted = EXHAUSTED[code];
  if (exhausted !== undefined) {
    return new HoldfastError(
      'OUT_OF_RESOURCES',
      `${exhausted} in the sandbox (${code}); end something that runs and try again`,
    );
  }
  console.error(error);
  return new HoldfastError('INTERNAL', otherwise);
}
