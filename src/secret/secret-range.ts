/** Where a secret stands in a text. */
export interface SecretRange {
  readonly from: number;
  readonly to: number;
  readonly kind: string;
  /** Whose word counts on what it is, where several rules found it: a higher one. */
  readonly rank: Rank;
  /** As in `Found`. */
  readonly sure: boolean;
}

/** 3: a value that is known; 2: a format that nothing else has; 1: another tool's rule; 0: its surroundings. */
export type Rank = 0 | 1 | 2 | 3;

/** One range for those that overlap, sorted: from the first start to the last end, named by the one of the highest rank. */
export function mergeRanges(ranges: readonly SecretRange[]): readonly SecretRange[] {
  const merged: SecretRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    const last = merged.at(-1);
    if (last === undefined || range.from >= last.to) merged.push(range);
    else merged[merged.length - 1] = joined(last, range);
  }
  return merged;
}

/** Those that do not touch any of the others, which are sorted and do not overlap. */
export function outside(
  ranges: readonly SecretRange[],
  others: readonly { readonly from: number; readonly to: number }[],
): readonly SecretRange[] {
  if (others.length === 0) return ranges;
  return ranges.filter(({ from, to }) => !others.some((other) => from < other.to && other.from < to));
}

function joined(a: SecretRange, b: SecretRange): SecretRange {
  const named = b.rank > a.rank ? b : a;
  const { kind, rank } = named;
  return { from: a.from, to: Math.max(a.to, b.to), kind, rank, sure: a.sure || b.sure };
}
