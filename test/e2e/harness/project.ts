// One vitest project per way to run Holdfast, all with the same tests.
import { join } from 'node:path';
import { defineProject } from 'vitest/config';
import type { TargetName } from './target.ts';

/**
 * Files run one after the other: some measure latency or memory, and all share one engine.
 *
 * @example
 * export default e2eProject('engine');
 */
export function e2eProject(name: TargetName) {
  return defineProject({
    test: {
      name: `e2e:${name}`,
      root: join(import.meta.dirname, '..'),
      include: ['*.test.ts'],
      globalSetup: ['./harness/setup.ts'],
      fileParallelism: false,
      testTimeout: 30_000,
    },
  });
}
