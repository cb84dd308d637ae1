import type { Usage } from '../agent/model.ts';

/** What is known of a model by the price table. */
export interface PricedModel {
  /** US dollars. */
  readonly costOf: (usage: Usage) => number;
  readonly windowTokens: number;
}

/** By `VENDOR:MODEL`; null when the table does not have it. */
export type FindPriced = (model: string) => PricedModel | null;
