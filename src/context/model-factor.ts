/** How many tokens a model's provider counts for one that codeframe counted. In the ledger: what was learned stays. */
export interface ModelFactorRow {
  /** As `CostRow` names it. */
  readonly model: string;
  /** How codeframe counted. */
  readonly method: string;
  readonly factor: number;
  /** From how many calls it was learned. */
  readonly calls: number;
  readonly updatedAt: number;
}

/** One call in five: a factor follows a new version of a model within some ten calls, and one odd call moves it little. */
const share = 0.2;
const factorMin = 0.25;
const factorMax = 4;
/** Of a shorter prompt, what a provider adds to it is too large a part. */
const countedMin = 200;

/** The row after a call of which the provider says how many tokens went in; null when nothing can be learned from it. */
export function learnFactor(
  known: ModelFactorRow | undefined,
  call: Pick<ModelFactorRow, 'model' | 'method'> & {
    readonly inputTokens: number;
    readonly counted: number;
    readonly at: number;
  },
): ModelFactorRow | null {
  const { model, method, inputTokens, counted, at } = call;
  if (counted < countedMin || inputTokens <= 0) return null;
  const ratio = Math.min(factorMax, Math.max(factorMin, inputTokens / counted));
  const factor = known === undefined ? ratio : known.factor + share * (ratio - known.factor);
  return { model, method, factor, calls: (known?.calls ?? 0) + 1, updatedAt: at };
}
