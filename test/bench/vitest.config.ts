// The pure parts of the benchmark: what is made of its samples.
import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'bench', root: import.meta.dirname, include: ['**/*.test.ts'] },
});
