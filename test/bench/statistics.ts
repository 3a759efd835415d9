// Percentiles of samples, by nearest rank.
export function percentiles(samples: number[], ranks: number[]): number[] {
  const sorted = [...samples].sort((a, b) => a - b);
  return ranks.map((rank) => sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? Number.NaN);
}

export function medianOf(samples: number[]): number {
  return percentiles(samples, [50])[0]!;
}
