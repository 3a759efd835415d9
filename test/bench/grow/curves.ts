// Curves that grow together: every size adds a point to each.
import type { Curve } from '../result/curve.ts';

export class Curves<Id extends string> {
  readonly #curves: Map<Id, Curve>;

  constructor(of: string, kinds: Record<Id, Pick<Curve, 'what' | 'unit' | 'expected'>>) {
    const entries = Object.entries(kinds) as [Id, Pick<Curve, 'what' | 'unit' | 'expected'>][];
    this.#curves = new Map(entries.map(([id, kind]) => [id, { id, of, points: [], ...kind }]));
  }

  add(id: Id, size: number, value: number): void {
    this.#curves.get(id)!.points.push({ size, value });
  }

  all(): Curve[] {
    return [...this.#curves.values()];
  }
}
