/** What is said of a project whose agents have spent what they may; null: they have not. Both in US dollars. */
export function budgetProblem(spentUsd: number, budgetUsd: number): string | null {
  if (spentUsd < budgetUsd) return null;
  const [spent, budget] = [spentUsd, budgetUsd].map((usd) => `$${usd.toFixed(2)}`);
  return `${reasonHead}${budget} is spent (${spent}): raise budgetUsd in .codeframe/config.json, then resume`;
}

/** Whether that is why a project was paused. */
export function isBudgetReason(reason: string | null): boolean {
  return reason?.startsWith(reasonHead) === true;
}

const reasonHead = 'the budget of ';
