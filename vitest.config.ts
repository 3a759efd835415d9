import { defineConfig } from 'vitest/config';

// One project per folder of test/ that has a vitest.config.ts; the e2e suite is three, one per way to run.
export default defineConfig({
  test: { projects: ['test/*/vitest.config.ts', 'test/e2e/vitest.*.config.ts'] },
});
