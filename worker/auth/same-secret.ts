// Compares secrets in a time that tells nothing about where they differ, nor how long they are.

/** Longer than any key or token that is given out; of a longer secret that is expected the length shows. */
const COMPARED_BYTES = 512;

const encoder = new TextEncoder();

export function sameSecret(given: string, expected: string): boolean {
  const right = encoder.encode(expected);
  const left = encoder.encode(given);
  const size = Math.max(COMPARED_BYTES, right.length);
  const areEqual = crypto.subtle.timingSafeEqual(padded(left, size), padded(right, size));
  return areEqual && left.length === right.length;
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size);
  whole.set(bytes.subarray(0, size));
  return whole;
}
