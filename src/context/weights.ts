import type { Features } from './features.ts';

/** How much each feature says that an edit will quote a piece, and the log-odds of a piece that is like the mean of its memory. */
export interface Ranking {
  readonly weights: Readonly<Record<keyof Features, number>>;
  readonly bias: number;
}

/**
 * A logistic regression on recorded sessions, each feature taken as its distance from the mean of its pause, so that pieces of
 * one memory are compared with each other and nothing is learned of how long sessions are. `npm run bench:context -- --fit`
 * makes these numbers; fitted leaving out one repository at a time they keep their signs; docs/memory.md has the method and
 * what each one is worth.
 */
export const RANKING: Ranking = {
  weights: {
    mentioned: 1.026,
    said: 1.314,
    printed: 1.07,
    byPeople: 0.52,
    lines: 0.73,
    names: -0.666,
    size: -0.08,
    fileNamed: 0.509,
    wordsSince: -0.265,
  },
  bias: -2.989,
};
