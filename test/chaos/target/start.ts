// Starts the target of that name.
import { startEngineTarget } from './engine.ts';
import type { FaultName, Target } from './target.ts';
import { startWorkerTarget } from './worker.ts';

export function startTarget(name: Target['name'], faults: readonly FaultName[] | undefined): Promise<Target> {
  // As root, the disk that can be filled is one of its own.
  if (name === 'engine')
    return startEngineTarget({ disk: (faults?.includes('disk') ?? true) && process.getuid?.() === 0 });
  return startWorkerTarget(name);
}
