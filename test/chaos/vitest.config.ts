// A short run of the chaos suite, and what its generator expects, held against plain bash.
import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'chaos', root: import.meta.dirname, include: ['*.test.ts'], testTimeout: 120_000 },
});
