import { CodeframeError } from '../failure.ts';
import type { CheckpointRow } from './checkpoint.ts';
import type { CheckpointSpace } from './checkpoint-space.ts';
import { deleteUnneeded, type RetentionPorts } from './retention-delete.ts';
import { readNeeds } from './retention-needs.ts';
import {
  hasRule,
  limitSize,
  planRetention,
  sizeOrder,
  type KeepReason,
  type RetentionPlan,
  type RetentionRules,
} from './retention.ts';

export interface CleanupReport {
  readonly dryRun: boolean;
  /** Newest first, each with every reason. */
  readonly kept: readonly (CheckpointRow & { readonly reasons: readonly KeepReason[] })[];
  /** Newest first; with `dryRun` those that would be. */
  readonly deleted: readonly CheckpointRow[];
}

/**
 * Deletes the checkpoints that no rule keeps and that nothing needs. Throws `wrong-usage` for a set without a rule, and
 * `rules-keep-nothing` for one that keeps none of them: it says too little to be meant.
 */
export async function cleanUpCheckpoints(
  ports: RetentionPorts & { readonly space: CheckpointSpace },
  options: { readonly rules: RetentionRules; readonly dryRun?: boolean },
): Promise<CleanupReport> {
  const { rules, dryRun = false } = options;
  if (!hasRule(rules)) throw new CodeframeError(noRule);
  const plan = await planCleanup(ports, rules);
  const count = plan.kept.length + plan.deleted.length;
  if (count > 0 && plan.keptByRules === 0) throw new CodeframeError({ code: 'rules-keep-nothing', count });
  const deleted = dryRun ? plan.deleted : await deletedRows(ports, plan.deleted);
  return { dryRun, kept: plan.kept.map(({ row, reasons }) => ({ ...row, reasons })), deleted };
}

const noRule = {
  code: 'wrong-usage',
  problem: 'No rule says which checkpoints to keep',
  hint: 'Give at least one, such as `codeframe cleanup-checkpoints --keep 10 --dry-run`; nothing was deleted.',
} as const;

async function planCleanup(
  ports: RetentionPorts & { readonly space: CheckpointSpace },
  rules: RetentionRules,
): Promise<RetentionPlan<CheckpointRow>> {
  const { rows, needs } = await ports.store.read(async (tx) => ({
    rows: await tx.list('checkpoints', { where: { deletedAt: null } }),
    needs: await readNeeds(tx, ports),
  }));
  const plan = planRetention(rows, rules, { now: ports.clock.now(), needs });
  if (rules.maxSizeBytes === undefined) return plan;
  const sizes = await ports.space.sizes(sizeOrder(plan));
  const addedBytes = new Map(sizes.map((size) => [size.id, size.addedBytes]));
  return limitSize(plan, addedBytes, rules.maxSizeBytes);
}

/** Those that were, without any that somebody came to need meanwhile. */
async function deletedRows(
  ports: RetentionPorts,
  rows: readonly CheckpointRow[],
): Promise<readonly CheckpointRow[]> {
  if (rows.length === 0) return [];
  const ids = new Set(
    await deleteUnneeded(
      ports,
      rows.map(({ id }) => id),
    ),
  );
  return rows.filter(({ id }) => ids.has(id));
}
