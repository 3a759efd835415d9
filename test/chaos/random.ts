// A seeded source of choices: the same seed and labels give the same choices on every machine.

export class Random {
  readonly #seed: string;
  readonly #state: Uint32Array;

  constructor(seed: string) {
    this.#seed = seed;
    this.#state = mixed(seed);
    for (let i = 0; i < 12; i += 1) this.next();
  }

  /** A source of its own, which what others draw does not disturb. */
  fork(label: string): Random {
    return new Random(`${this.#seed}/${label}`);
  }

  /** From 0 up to 1 (sfc32). */
  next(): number {
    const s = this.#state;
    const sum = (s[0]! + s[1]! + s[3]!) | 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }

  /** Each choice comes as often as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let at = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      at -= weight;
      if (at < 0) return choice;
    }
    return choices.at(-1)![1];
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.int(0, 255)));
  }

  /** Small letters. */
  word(length = this.int(3, 9)): string {
    return Array.from({ length }, () => String.fromCharCode(this.int(97, 122))).join('');
  }
}

/** Four words from a text (cyrb128). */
function mixed(text: string): Uint32Array {
  const words = new Uint32Array([1779033703, 3144134277, 1013904242, 2773480762]);
  const factors = [597399067, 2869860233, 951274213, 2716044179];
  for (let at = 0; at < text.length; at += 1) {
    for (let i = 0; i < 4; i += 1) {
      words[i] = words[(i + 1) % 4]! ^ Math.imul(words[i]! ^ text.charCodeAt(at), factors[i]!);
    }
  }
  return words;
}
