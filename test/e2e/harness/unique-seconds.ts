import { randomInt } from 'node:crypto';

/** For a `sleep` that is told from every other on the machine by how long it takes. */
export const uniqueSeconds = () => `${randomInt(10_000, 99_999)}.${randomInt(100, 999)}`;
