// Side effects: every command appends its id to one file of the sandbox; each id is to be found once, or not at all
// where a fault took the command.
import type { ExecResult } from '#protocol';
import type { World } from '../world.ts';

export class Effects {
  readonly #world: World;
  readonly #found = new Map<string, number>();
  #readBytes = 0;
  #epoch = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** All that ended since the last time, and whether anything ran again since then. */
  async check(): Promise<void> {
    const { unverified, report } = this.#world;
    const repeated = await this.#read();
    for (const record of unverified.splice(0)) {
      const { least, most } = record.effects;
      const count = this.#found.get(record.id) ?? 0;
      report.count('checks', 'side effect');
      if (count >= least && count <= most) continue;
      const { id: commandId, sessionId: session, plan, way, excuses, faults, outcome } = record;
      const rule = 'a side effect happens exactly once, or not at all where the command was lost';
      const got = { count, outcome };
      report.violation({
        rule,
        commandId,
        session,
        kind: plan.kind,
        expected: record.effects,
        got,
        context: { way, excuses, faults },
      });
    }
    for (const id of repeated) {
      report.violation({ rule: 'nothing runs a second time', commandId: id, got: this.#found.get(id) });
    }
  }

  /** The ids that were found more than once. */
  async #read(): Promise<string[]> {
    const { api, effectsFile, target, epoch } = this.#world;
    if (this.#epoch !== epoch && !target.keepsFiles) this.#readBytes = 0;
    this.#epoch = epoch;
    const command = `tail -c +${this.#readBytes + 1} ${effectsFile} 2>/dev/null`;
    const id = this.#world.newId('effects');
    const { stdout } = await api.json<ExecResult>('/sessions/default/exec', {
      method: 'POST',
      json: { id, command },
    });
    this.#readBytes += Buffer.byteLength(stdout);
    const repeated: string[] = [];
    for (const line of stdout.split('\n').filter(Boolean)) {
      const count = (this.#found.get(line) ?? 0) + 1;
      this.#found.set(line, count);
      if (count > 1) repeated.push(line);
    }
    return repeated;
  }
}
