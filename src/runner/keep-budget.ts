import { isFailure } from '../failure.ts';
import { budgetProblem } from '../project/budget.ts';
import type { ProjectState } from '../project/lifecycle.ts';
import type { RunnerPorts } from './ports.ts';
import { requestPause } from './request-pause.ts';

/**
 * Asks for a pause when the project's agents have spent what they may. A call whose price is not known counts for nothing.
 * Answers true when the project is in another state now.
 */
export async function keepBudget(ports: RunnerPorts, state: ProjectState): Promise<boolean> {
  const { budgetUsd } = ports;
  if (budgetUsd === undefined || state.kind !== 'running') return false;
  const costs = await ports.store.read((tx) => tx.pick('costs', ['costUsd']));
  const spentUsd = costs.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  const reason = budgetProblem(spentUsd, budgetUsd);
  if (reason === null) return false;
  try {
    await requestPause(ports, { reason });
  } catch (error) {
    // Somebody asked for something else in this moment: that is seen next.
    if (!isFailure(error, 'wrong-status')) throw error;
  }
  return true;
}
