import type { SeenObjects } from '../checkpoint/checkpoint-store.ts';
import type { CheckpointRow } from '../checkpoint/checkpoint.ts';
import { adoptCheckpoints } from '../checkpoint/adopt-checkpoints.ts';
import { isFailure } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import type { Finding } from '../handle.ts';
import { problemOf } from '../problem-of.ts';
import { ok, problem, repaired, repairHint, warning, type Examining } from './examination.ts';

/** Rows against refs, then every object of what both have. */
export async function examineCheckpoints(examining: Examining): Promise<readonly Finding[]> {
  const { ports } = examining;
  const refs = new Set(await ports.checkpoints.ids());
  const all = await ports.store.read((tx) => tx.list('checkpoints'));
  const rows = all.filter(({ reclaimedAt }) => reclaimedAt === null);
  const known = new Set(all.map(({ id }) => id));
  const findings = [
    ...(await unlisted(
      examining,
      [...refs].filter((id) => !known.has(id)),
    )),
    ...(await lost(
      // Without one of them the store itself is lost, or on a disk that is not there now.
      refs.size === 0 ? { ...examining, repair: false } : examining,
      rows.filter(({ id }) => !refs.has(id)),
    )),
  ];
  const seen: SeenObjects = new Map();
  let whole = 0;
  const there = rows.filter(({ id }) => refs.has(id));
  for (const row of there) {
    const found = await verifyRow(examining, row, seen);
    if (found === null) whole += 1;
    else findings.push(found);
  }
  return [...findings, ok('checkpoints', `${whole} of ${there.length} verified, every object read`)];
}

/** In the store and not in the list: their maker died between the two. */
async function unlisted({ ports, repair }: Examining, ids: readonly string[]): Promise<readonly Finding[]> {
  if (ids.length === 0) return [];
  const adopted = new Set(repair ? await adoptCheckpoints(ports) : []);
  const findings: Finding[] = [];
  for (const id of ids) {
    if (adopted.has(id))
      findings.push(
        await repaired(ports, 'checkpoints', `${id} was complete but not in the list; it is now`),
      );
    else if (repair)
      findings.push(problem('checkpoints', `${id} is not in the list, and cannot be read`, null));
    else findings.push(warning('checkpoints', `${id} is complete but not in the list`, repairHint));
  }
  return findings;
}

/** In the list and not in the store. */
async function lost(
  { ports, repair }: Examining,
  rows: readonly CheckpointRow[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { id } of rows) {
    if (!repair) {
      const hint = `\`codeframe checkpoint pull REMOTE\` brings it back if it was pushed; \`codeframe doctor --repair\` marks it.`;
      findings.push(problem('checkpoints', `${id} is in the list but its content is gone`, hint));
      continue;
    }
    const at = ports.clock.now();
    await ports.store.write((tx) =>
      tx.update('checkpoints', { key: [id], set: { deletedAt: at, reclaimedAt: at } }),
    );
    findings.push(
      await repaired(
        ports,
        'checkpoints',
        `${id} was in the list but its content is gone; it is marked as gone`,
      ),
    );
  }
  return findings;
}

async function verifyRow(
  { ports }: Examining,
  row: CheckpointRow,
  seen: SeenObjects,
): Promise<Finding | null> {
  try {
    await ports.checkpoints.verify(row.id, seen);
    const { commit } = await ports.checkpoints.open(row.id);
    if (commit === row.commit) return null;
    return problem('checkpoints', `${row.id} is commit ${commit}, and the list has ${row.commit}`, null);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return problem('checkpoints', problemOf(error), failureWords(error.failure).hint);
  }
}

/** What killed processes left in the store, and refs in the user's repository that no checkpoint needs. */
export async function examineLeftovers({ ports, upkeep, repair }: Examining): Promise<readonly Finding[]> {
  const names = await upkeep.leftovers();
  const findings: Finding[] = [];
  if (names.length > 0 && repair) {
    await upkeep.removeLeftovers();
    findings.push(
      await repaired(ports, 'store', `took away what a killed process left: ${names.join(', ')}`),
    );
  } else if (names.length > 0) {
    findings.push(warning('store', `a killed process left ${names.join(', ')}`, repairHint));
  }
  const needed = new Set(await ports.checkpoints.ids());
  const orphans = (await upkeep.keptIds()).filter((id) => !needed.has(id));
  // Another CODEFRAME_HOME may have them: they keep commits of the user's alive, so it is the user who deletes them.
  const shown = orphans.slice(0, 3).map((id) => `refs/codeframe/${id}`);
  const more = orphans.length > 3 ? ` and ${orphans.length - 3} more` : '';
  if (orphans.length > 0) {
    const hint = 'If no other CODEFRAME_HOME has them, `git update-ref -d REF` removes them.';
    findings.push(warning('repository', `no checkpoint here needs ${shown.join(', ')}${more}`, hint));
  }
  return findings;
}
