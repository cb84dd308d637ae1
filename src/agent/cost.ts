/** What one model call used, in the provider's own count. In the ledger: money that was spent stays spent. */
export interface CostRow {
  readonly stepId: string;
  readonly agent: string;
  readonly taskId: number;
  readonly model: string;
  /** True when the model was a recording, which costs nothing. */
  readonly recorded: boolean;
  /** All input tokens, those from and to the provider's cache included. */
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** US dollars; null when the model's price is not known. */
  readonly costUsd: number | null;
  readonly at: number;
}
