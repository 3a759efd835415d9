// `wrangler dev` leaves containers behind when it ends, the network sidecars always: they are removed by the
// ids of the Durable Objects that its local storage knows, so that those of another server stay.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Removes the containers of every sandbox in this storage. `state` is what wrangler was given as --persist-to. */
export function removeContainers(state: string): void {
  const files = globSync(join(state, '**', 'holdfast-Sandbox', '*.sqlite'));
  const names = files
    .map((file) => basename(file, '.sqlite'))
    .filter((id) => /^[0-9a-f]{64}$/.test(id))
    .flatMap((id) => [`workerd-holdfast-Sandbox-${id}`, `workerd-holdfast-Sandbox-${id}-proxy`]);
  // One that is gone is what was wanted; docker says so on stderr and goes on with the next.
  if (names.length > 0) spawnSync('docker', ['rm', '--force', '--volumes', ...names], { stdio: 'ignore' });
}
