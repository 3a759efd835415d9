// The client against real servers on loopback: some that fail in every way, and the engine itself.
import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'sdk', root: import.meta.dirname, include: ['**/*.test.ts'], testTimeout: 60_000 },
});
