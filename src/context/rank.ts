import { type MemoryPiece, shareSpent } from './cut.ts';
import type { Facts } from './facts.ts';
import { featureReader, type Features } from './features.ts';
import { nameWorths } from './name-worth.ts';
import { RANKING, type Ranking } from './weights.ts';

/** The chance that the agent will miss the lines of a piece, and the chance that it will miss a name. */
export interface Worth {
  readonly pieces: Float64Array;
  readonly names: Float64Array;
}

/**
 * What is worth keeping. An edit must quote lines, and it quotes them from a file that was read or written, nearly never from
 * anything else: of 2,000 pieces that were quoted 4 were not of a file. All other pieces leave with their names.
 */
export function rankMemory(facts: Facts, pieces: readonly MemoryPiece[], ranking: Ranking = RANKING): Worth {
  const worths = contentWorths(facts, pieces, ranking);
  pieces.forEach((piece, index) => {
    if (!facts.files.holds(piece.item, piece.role)) worths[index] = otherWorth(facts, piece);
  });
  return { pieces: worths, names: nameWorths(facts) };
}

/** The newest of what is no file's content leaves last, and the agent's own words after what its tools printed. */
function otherWorth(facts: Facts, piece: MemoryPiece): number {
  const item = facts.memory.items[piece.item];
  if (item?.kind === 'summary' || item?.kind === 'decision') return LAST_WORTH;
  const age = 1 - (item?.step ?? 0) / (1 + facts.lastStep);
  return (item?.kind === 'result' || item?.kind === 'call' ? TOOL_WORTH : TALK_WORTH) * (2 - age);
}

/** What stands for much else leaves when nothing else is left. */
const LAST_WORTH = 5;
const TOOL_WORTH = 0.0003;
const TALK_WORTH = 0.001;
/** Lines that stand again further down, or are no longer true, are hardly ever missed; those that do not are all that counts. */
const SPENT_WORTH = 0.002;
/** A piece of which more is spent says nothing of what is still true. */
export const MOSTLY_SPENT = 0.8;

/** Of the pieces that are the content of a file. */
function contentWorths(facts: Facts, pieces: readonly MemoryPiece[], ranking: Ranking): Float64Array {
  const featuresOf = featureReader(facts);
  const sums = new Float64Array(pieces.length);
  const fresh = new Float64Array(pieces.length);
  const mean = { sum: 0, count: 0 };
  pieces.forEach((piece, index) => {
    if (!facts.files.holds(piece.item, piece.role)) return;
    const spent = shareSpent(facts, piece);
    const sum = weighed(featuresOf(piece), ranking);
    fresh[index] = Math.max(SPENT_WORTH, 1 - spent);
    sums[index] = sum;
    if (spent > MOSTLY_SPENT) return;
    mean.sum += sum;
    mean.count += 1;
  });
  const middle = mean.sum / Math.max(1, mean.count);
  return sums.map((sum, index) => (fresh[index] ?? 0) / (1 + Math.exp(middle - ranking.bias - sum)));
}

function weighed(features: Features, { weights: of }: Ranking): number {
  let sum = 0;
  for (const key of FEATURES) sum += of[key] * features[key];
  return sum;
}

const FEATURES = Object.keys(RANKING.weights) as (keyof Features)[];
