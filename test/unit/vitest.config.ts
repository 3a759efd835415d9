// Pure parts and rules of the house: no processes, no sockets.
import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'unit', root: import.meta.dirname, include: ['**/*.test.ts'] },
});
