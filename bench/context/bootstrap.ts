import type { PauseScore } from './measure.ts';

/** A figure with the bounds of its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const DRAWS = 1_000;

/** A 95 % interval by session: pauses of one session are no independent witnesses, so whole sessions are drawn. */
export function estimate(
  scores: readonly PauseScore[],
  figure: (scores: readonly PauseScore[]) => number,
): Estimate {
  const bySession = new Map<string, PauseScore[]>();
  for (const score of scores) bySession.set(score.session, [...(bySession.get(score.session) ?? []), score]);
  const sessions = [...bySession.values()];
  const next = random(20_260_101);
  const drawn = Array.from({ length: DRAWS }, () =>
    figure(sessions.flatMap(() => sessions[Math.floor(next() * sessions.length)] ?? [])),
  );
  const sorted = drawn.filter(Number.isFinite).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { value: figure(scores), low: at(0.025), high: at(0.975) };
}

/** Numbers in 0 … 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
