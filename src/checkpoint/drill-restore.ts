import { CodeframeError } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Store } from '../store/store.ts';
import { changeRows, planRows, readState } from './change-rows.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { heldBy, planFromTree, readUnknown, type LookTarget } from './look-at-tree.ts';
import { stateTables, type StateRows } from './parts.ts';
import { sameContent, type KnownEntry } from './present-tree.ts';
import { showPath, type CodeEntry } from './tree.ts';
import type { TreeWriter } from './tree-writer.ts';
import { wantedTree } from './wanted-tree.ts';
import type { WorkTree } from './work-tree.ts';

/** An empty place for one drill: files and rows of it belong to nobody. */
export interface DrillSite {
  /** Everything below its root is covered. */
  readonly tree: WorkTree;
  readonly writer: TreeWriter;
  readonly store: Store;
  /** Takes all of it away. May be called twice. */
  close(): Promise<void>;
}

export interface Drill {
  readonly code: readonly CodeEntry[];
  readonly rows: StateRows;
  readonly openSite: () => Promise<DrillSite>;
}

/**
 * Restores a checkpoint into an empty place, reads every file there again, and compares bytes, modes, links and rows
 * with what it says. Throws `corrupt-checkpoint` with the first that came out otherwise, and what a restore throws.
 */
export async function drillRestore(stored: StoredCheckpoint, drill: Drill): Promise<void> {
  const site = await drill.openSite();
  try {
    await restoreFiles(site, stored, drill);
    await restoreRows(site.store, stored, drill.rows);
  } finally {
    await site.close();
  }
}

async function restoreFiles(site: DrillSite, stored: StoredCheckpoint, { code }: Drill): Promise<void> {
  const target: LookTarget = { wanted: wantedTree(stored.id, code), unknown: new Set(), like: stored.commit };
  const { plan } = await planFromTree(site.tree, target);
  const [problem] = plan.problems;
  if (problem !== undefined) throw corrupt(stored.id, `code/${problem.path}`, problem.problem);
  if (plan.operations.length > 0) {
    const job = { restoreId: 'drill', operations: plan.operations };
    await site.writer.prepare(job, (ids) => stored.objects(ids));
    await site.writer.apply(job.restoreId);
    await site.writer.finish(job.restoreId);
  }
  await compareFiles(site.tree, stored, target);
}

/** Without the scan's cache and without a limit: every byte that was written is read again. */
async function compareFiles(tree: WorkTree, stored: StoredCheckpoint, target: LookTarget): Promise<void> {
  const scan = await tree.scan({
    include: [],
    distrustCache: true,
    fileBytesMax: Number.MAX_SAFE_INTEGER,
    held: heldBy(target),
  });
  const { entries, uncovered } = await readUnknown(tree, scan, target.like);
  const [hidden] = uncovered;
  if (hidden !== undefined)
    throw differs(stored.id, hidden.path, `it cannot be read back (${hidden.reason})`);
  const found = new Map(entries.map((entry) => [entry.path, entry]));
  for (const [path, wanted] of target.wanted) {
    const problem = differenceOf(found.get(path), wanted);
    if (problem !== null) throw differs(stored.id, path, problem);
  }
  const extra = entries.find(({ path }) => !target.wanted.has(path));
  if (extra !== undefined) throw differs(stored.id, extra.path, 'it is there and not in the checkpoint');
}

function differenceOf(found: KnownEntry | undefined, wanted: CodeEntry): string | null {
  if (found === undefined) return 'it is not there after a restore';
  if (found.kind !== wanted.kind) return `it is a ${found.kind} after a restore, and not a ${wanted.kind}`;
  if (!sameContent(found, wanted)) return 'it has other content after a restore';
  if (found.kind === 'link' || wanted.kind === 'link' || found.mode === wanted.mode) return null;
  return `it has mode ${found.mode.toString(8)} after a restore, and not ${wanted.mode.toString(8)}`;
}

async function restoreRows(store: Store, stored: StoredCheckpoint, rows: StateRows): Promise<void> {
  await store
    .write(async (tx) => changeRows(tx, planRows(await readState(tx), rows)))
    .catch((error: unknown) => {
      throw corrupt(stored.id, 'state', problemOf(error));
    });
  const loaded = await store.read(readState);
  const lost = stateTables.find((table) => loaded[table].length !== rows[table].length);
  if (lost !== undefined) throw corrupt(stored.id, `state/${lost}`, 'rows of it have the same key');
  const [other] = planRows(loaded, rows);
  if (other !== undefined)
    throw corrupt(stored.id, `state/${other.table}`, 'its rows do not come back as they are');
}

function differs(id: string, path: string, problem: string): CodeframeError {
  return corrupt(id, `code/${showPath(path)}`, problem);
}

function corrupt(id: string, part: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-checkpoint', id, part, problem });
}
