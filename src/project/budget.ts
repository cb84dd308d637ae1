import type { CostRow } from '../agent/cost.ts';

/** What was spent, in US dollars; a call whose price is not known counts for nothing. */
export function spentUsd(costs: readonly Pick<CostRow, 'costUsd'>[]): number {
  return costs.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
}

/** What is said of a project whose agents have spent what they may; null: they have not. Both in US dollars. */
export function budgetProblem(spent: number, budget: number): string | null {
  if (spent < budget) return null;
  return `${reasonHead}${dollars(budget)} is spent (${dollars(spent)}): raise budgetUsd in .codeframe/config.json, then resume`;
}

/** Whether that is why a project was paused. */
export function isBudgetReason(reason: string | null): boolean {
  return reason?.startsWith(reasonHead) === true;
}

const reasonHead = 'the budget of ';

function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}
