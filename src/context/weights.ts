import type { Features } from './features.ts';

/**
 * How much each feature says that an edit will quote a piece. A logistic regression on recorded sessions, each feature taken
 * as its distance from the mean of its pause, so that pieces of one memory are compared with each other and nothing is learned
 * of how long sessions are. Fitted leaving out one repository at a time, the weights keep their signs; docs/memory.md has the
 * method and what each one is worth.
 */
export const WEIGHTS: Readonly<Record<keyof Features, number>> = {
  mentioned: 1.338,
  byPeople: 0.356,
  byCalls: 0.318,
  lines: 0.677,
  names: -0.529,
  size: -0.061,
  fileNamed: 0.436,
  wordsSince: -0.347,
};

/** Log-odds of a piece that is like the mean of its memory: 1 in 20. */
export const BIAS = -2.977;
