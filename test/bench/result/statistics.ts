// Percentiles of samples, by nearest rank.

/** NaN where there are no samples. */
export function percentiles(samples: readonly number[], ranks: readonly number[]): number[] {
  const sorted = [...samples].sort((a, b) => a - b);
  return ranks.map((rank) => sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? Number.NaN);
}

export function medianOf(samples: readonly number[]): number {
  return percentiles(samples, [50])[0]!;
}
