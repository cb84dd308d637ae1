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
