import { cutMemory, shareSpent } from '../../src/context/cut.ts';
import { factsOf } from '../../src/context/facts.ts';
import { featureReader, type Features } from '../../src/context/features.ts';
import { admitItems } from '../../src/context/flash-item.ts';
import { readMemory } from '../../src/context/memory.ts';
import { MOSTLY_SPENT } from '../../src/context/rank.ts';
import { RANKING, type Ranking } from '../../src/context/weights.ts';
import type { Judged } from './measure.ts';
import { readShown } from './needs.ts';

/** A piece of a file's content at a pause: its features' distances from the mean of the pause, and whether an edit quoted it. */
export interface Example {
  readonly distances: readonly number[];
  readonly isQuoted: boolean;
}

const keys = Object.keys(RANKING.weights) as (keyof Features)[];

/** What can be learned from one pause. */
export function examplesOf(pause: Pick<Judged, 'items' | 'needs' | 'read'>): Example[] {
  const facts = factsOf(readMemory(admitItems(pause.items)));
  const holders = lastHolders(pause);
  const read = featureReader(facts);
  const found = cutMemory(facts).pieces.flatMap((piece) => {
    const item = pause.items[piece.item];
    if (item === undefined || !facts.files.holds(piece.item, piece.role)) return [];
    if (shareSpent(facts, piece) > MOSTLY_SPENT) return [];
    const raw = item.text.slice(piece.from, piece.to);
    const lines = readShown(item.kind, item.kind === 'call' ? `"${raw}"` : raw).lines;
    const features = read(piece);
    return [
      {
        values: keys.map((key) => features[key]),
        isQuoted: [...lines].some((line) => holders.get(line) === piece.item),
      },
    ];
  });
  const means = keys.map(
    (_, at) => found.reduce((sum, { values }) => sum + (values[at] ?? 0), 0) / found.length,
  );
  return found.map(({ values, isQuoted }) => ({
    distances: values.map((value, at) => value - (means[at] ?? 0)),
    isQuoted,
  }));
}

/** Of each line that an edit will quote, the last item that shows it: of one that stands again further down nothing is lost. */
function lastHolders({
  items,
  needs,
  read,
}: Pick<Judged, 'items' | 'needs' | 'read'>): ReadonlyMap<string, number> {
  const needed = new Set(needs.flatMap((need) => need.lines));
  const holders = new Map<string, number>();
  items.forEach((item, index) => {
    for (const line of read(item).lines) if (needed.has(line)) holders.set(line, index);
  });
  return holders;
}

const ROUNDS = 30;
/** Holds the weights back a little where there is little to learn from. */
const RIDGE: number = 1;

/** Logistic regression by Newton's method. */
export function fitRanking(examples: readonly Example[]): Ranking {
  let solution: number[] = Array.from({ length: keys.length + 1 }, () => 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { slope, curve } = derivatives(examples, solution);
    const move = solve(curve, slope);
    solution = solution.map((weight, at) => weight + (move[at] ?? 0));
    if (Math.max(...move.map(Math.abs)) < 1e-7) break;
  }
  const weights = Object.fromEntries(keys.map((key, at) => [key, solution[at] ?? 0])) as Ranking['weights'];
  return { weights, bias: solution.at(-1) ?? 0 };
}

/** First and second derivative of the log-likelihood; the bias comes last and is not held back. */
function derivatives(
  examples: readonly Example[],
  solution: readonly number[],
): { readonly slope: number[]; readonly curve: number[][] } {
  const ridge = solution.map((_, at): number => (at < keys.length ? RIDGE : 0));
  const slope = solution.map((weight, at) => -(ridge[at] ?? 0) * weight);
  const curve = solution.map((_, row) =>
    solution.map((__, at): number => (row === at ? (ridge[at] ?? 0) : 0)),
  );
  for (const { distances, isQuoted } of examples) {
    const values = [...distances, 1];
    const odds = values.reduce((sum, value, at) => sum + value * (solution[at] ?? 0), 0);
    const chance = 1 / (1 + Math.exp(-odds));
    values.forEach((value, row) => {
      slope[row] = (slope[row] ?? 0) + ((isQuoted ? 1 : 0) - chance) * value;
      const share = chance * (1 - chance) * value;
      curve[row] = (curve[row] ?? []).map((sum, at) => sum + share * (values[at] ?? 0));
    });
  }
  return { slope, curve };
}

/** Gauss, with the largest number of each column as the pivot. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, at) => [...row, right[at] ?? 0]);
  for (let at = 0; at < rows.length; at += 1) {
    rows.push(...rows.splice(at).toSorted((a, b) => Math.abs(b[at] ?? 0) - Math.abs(a[at] ?? 0)));
    const pivot = rows[at] ?? [];
    rows.forEach((row, other) => {
      if (other === at) return;
      const share = (row[at] ?? 0) / (pivot[at] ?? 1);
      row.forEach((value, column) => (row[column] = value - share * (pivot[column] ?? 0)));
    });
  }
  return rows.map((row, at) => (row.at(-1) ?? 0) / (row[at] ?? 1));
}
