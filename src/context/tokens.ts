/** Counts tokens as a model would, offline. Deterministic; 0 for the empty text. */
export interface TokenCounter {
  /** Stored with every count, so that counts of two methods are never added up unknowingly. */
  readonly method: string;
  count(text: string): number;
}
