// What must hold for any input, tried with generated ones.
import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'property', root: import.meta.dirname, include: ['**/*.test.ts'], testTimeout: 60_000 },
});
