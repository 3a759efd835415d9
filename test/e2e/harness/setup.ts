// Starts the program under test once per project and ends it when the last test is done.
import type { TestProject } from 'vitest/node';
import { startEngine } from './start-engine.ts';
import { startWorker } from './start-worker.ts';
import type { Target, TargetName } from './target.ts';

const STARTERS: Record<TargetName, () => Promise<{ target: Target; stop: () => Promise<void> }>> = {
  engine: startEngine,
  embedded: () => startWorker('embedded', 'container/local/start.ts'),
  docker: () => startWorker('docker', 'container/local/dev.ts'),
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const name = project.name.replace(/^e2e:/, '') as TargetName;
  const { target, stop } = await STARTERS[name]();
  project.provide('target', target);
  return stop;
}
