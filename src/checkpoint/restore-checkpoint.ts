import { CodeframeError, isFailure } from '../failure.ts';
import type { RestorePreview, RestoreProgress } from '../handle.ts';
import type { Fence } from '../store/store.ts';
import { createCheckpoint, type CheckpointPorts } from './create-checkpoint.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { ofKnown } from './find-checkpoint.ts';
import { capturedGit } from './git-parts.ts';
import { changesGit, restoredGit, type GitRewinder } from './git-rewinder.ts';
import { heldBy, scannedAlready, type LookedAt } from './look-at-tree.ts';
import { movedElsewhere, notAsPlanned } from './check-restored.ts';
import type { MatchGlob } from './path-filter.ts';
import type { RestoreFigures, RestoreRow } from './restore.ts';
import {
  openTarget,
  planIntent,
  refuseIfMoved,
  type RestoreIntent,
  type RestoreTarget,
  type TargetRequest,
} from './restore-intent.ts';
import { takeBackChanges } from './recover-restore.ts';
import { commitRestore, recordBegun, recordFailed, recordSafety } from './restore-ledger.ts';
import { notSaved } from './saved-before.ts';
import { showPath } from './tree.ts';
import { verifyContents } from './verify-used.ts';
import type { Contents, TreeWriter } from './tree-writer.ts';

/*
 * The order, and what a kill after each step leaves:
 *
 *  1. the checkpoint's parts are hashed, the tree is scanned, the plan is made, the bytes that it uses are hashed   nothing
 *  2. `restores` row `begun`                                      the row; recovery says `rolled-back`
 *  3. safety checkpoint; its id goes into the row                 as 2, and one checkpoint more
 *  4. the journal is written, new files are staged, synced        recovery removes what was staged
 *  5. the plan is applied, old files moved aside, all synced      recovery puts back what was moved
 *  6. what was changed is read again, names are looked at again, both are compared with the plan   as 5
 *  7. COMMIT: one transaction changes the rows and says `finished`
 *  8. what was moved aside is deleted, directories get their modes, the journal is closed        recovery does it
 *
 * Files and rows agree because only 7 decides: until then the files can be put back, from then on recovery only cleans
 * up. The verification stands before 7 and not at the end, as a restore that does not come out right must still be able
 * to leave every byte as it was.
 */

export interface RestorePorts extends CheckpointPorts {
  readonly writer: TreeWriter;
  readonly matchGlob: MatchGlob;
  readonly gitRewinder: GitRewinder;
  /** Who does it, for the events. */
  readonly actor: string;
}

export interface RestoreRequest extends TargetRequest {
  readonly restoreId: string;
  readonly kind: RestoreRow['kind'];
  readonly requestedBy: string;
  readonly fence: Fence;
  readonly preview?: RestorePreview;
  readonly digest?: string;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

/**
 * What a restore would change. Changes nothing, and may be asked while the project is owned. Throws what the restore
 * would throw before it begins, but reads no file's bytes to verify them.
 */
export async function previewRestore(ports: RestorePorts, request: TargetRequest): Promise<RestorePreview> {
  const intent = await planIntent(ports, await openTarget(ports, request));
  await refuseIfBlocked(ports, intent);
  return intent.preview;
}

/**
 * Makes the project's content equal to a checkpoint's, for the project's owner. When it throws, every byte and every
 * row is as it was: `corrupt-checkpoint`, `tree-moved`, `restore-blocked`, `no-space`, `no-permission` and what
 * `createCheckpoint` throws. `unfinished-work`, and `restore-blocked` with `underWay`: not even the way back worked; recovery
 * goes on with it.
 */
export async function restoreCheckpoint(ports: RestorePorts, request: RestoreRequest): Promise<RestoreRow> {
  const began = ports.clock.elapsed();
  const { checkpointId } = request;
  tell(request, 'look');
  const { target, intent } = await ofKnown(checkpointId, () => planVerified(ports, request));
  refuseIfMoved(request, intent);
  await refuseIfBlocked(ports, intent);
  const row = await recordBegun(ports, begunRow(request, target), request.fence);
  const restoring: Restoring = { request, target, row, intent, began };
  try {
    return await carryOut(ports, restoring);
  } catch (error) {
    const committed = await takeBack(ports, restoring, error);
    if (committed !== undefined) return committed;
    throw await withWriters(ports, error);
  }
}

/** Who writes what moved, found when everything is back under its name. */
async function withWriters({ writer }: RestorePorts, error: unknown): Promise<unknown> {
  if (!isFailure(error) || error.failure.code !== 'tree-moved') return error;
  const writers = await writer.writersOf(error.failure.paths);
  return new CodeframeError({ ...error.failure, whileRestoring: { writers } }, { cause: error });
}

async function planVerified(
  ports: RestorePorts,
  request: TargetRequest,
): Promise<{ readonly target: RestoreTarget; readonly intent: RestoreIntent }> {
  const target = await openTarget(ports, request);
  const intent = await planIntent(ports, target);
  await verifyContents(target.stored, intent.looked.plan.operations);
  return { target, intent };
}

async function refuseIfBlocked(ports: RestorePorts, intent: RestoreIntent): Promise<void> {
  const { operations } = intent.looked.plan;
  const problems = [...intent.looked.plan.problems, ...(intent.git?.problems ?? []), ...lostBlobs(intent)];
  if (problems.length > 0) throw new CodeframeError({ code: 'restore-blocked', problems });
  await ports.writer.check(operations);
}

interface Restoring {
  readonly request: RestoreRequest;
  readonly target: RestoreTarget;
  readonly row: RestoreRow;
  readonly intent: RestoreIntent;
  readonly began: number;
}

function begunRow(request: RestoreRequest, target: RestoreTarget): Parameters<typeof recordBegun>[1] {
  const { restoreId: id, kind, checkpointId, requestedBy } = request;
  return { id, kind, checkpointId, only: target.only, paths: target.paths, requestedBy };
}

async function carryOut(ports: RestorePorts, restoring: Restoring): Promise<RestoreRow> {
  const { request, target, intent } = restoring;
  const { fence, restoreId } = request;
  tell(request, 'save');
  const safety = await makeSafety(ports, restoring);
  await recordSafety(ports, { restoreId, safetyId: safety.id }, fence);
  await changeFiles(ports, restoring, safety);
  const row = await commitRestore(
    ports,
    {
      row: { ...restoring.row, safetyId: safety.id },
      target,
      planned: intent.rows,
      git: intent.git === null ? null : restoredGit(restoreId, intent.git),
      files: fileFigures(intent.looked),
      durationMs: () => ports.clock.elapsed() - restoring.began,
    },
    fence,
  );
  await cleanUp(ports, restoring);
  return recordDuration(ports, restoring, row);
}

/** With the cleaning up, which takes its time where much was replaced. */
async function recordDuration(
  ports: RestorePorts,
  restoring: Restoring,
  row: RestoreRow,
): Promise<RestoreRow> {
  if (row.figures === null) return row;
  const durationMs = Math.round(ports.clock.elapsed() - restoring.began);
  const figures = { ...row.figures, durationMs };
  try {
    const { fence } = restoring.request;
    await ports.store.write((tx) => tx.update('restores', { key: [row.id], set: { figures } }), { fence });
  } catch (error) {
    // The restore stands, and the ledger says how long it took without that.
    ports.log.warn({ err: error, restoreId: row.id }, 'could not write how long the restore took');
  }
  return { ...row, figures };
}

async function changeFiles(
  ports: RestorePorts,
  restoring: Restoring,
  safety: StoredCheckpoint,
): Promise<void> {
  const { request, target, intent } = restoring;
  const { restoreId } = request;
  const { operations } = intent.looked.plan;
  const movesGit = intent.git !== null && changesGit(intent.git);
  const contents: Contents = (ids) => target.stored.objects(ids);
  const counted = (phase: RestoreProgress['phase']) => (done: number, total: number) =>
    request.onProgress?.({ phase, done, total });
  if (operations.length > 0) {
    await ports.writer.prepare({ restoreId, operations }, contents, counted('write'));
  }
  if (movesGit) await prepareGit(ports, restoring, safety);
  if (operations.length > 0) await ports.writer.apply(restoreId, counted('apply'));
  if (movesGit) await ports.gitRewinder.apply(restoreId);
  tell(request, 'check');
  if (operations.length > 0 || movesGit) await checkResult(ports, restoring);
}

/** From here on the repository is locked: what the safety checkpoint has of it is what is there. */
async function prepareGit(
  ports: RestorePorts,
  restoring: Restoring,
  safety: StoredCheckpoint,
): Promise<void> {
  const { request, target, intent } = restoring;
  if (target.git === null || intent.git === null) return;
  const contents: Contents = (ids) => target.stored.objects(ids);
  await ports.gitRewinder.prepare({
    restoreId: request.restoreId,
    wanted: target.git,
    plan: intent.git,
    contents,
  });
  const refs = intent.git.refs.map(({ name }) => name);
  const drift = await ports.gitRewinder.plan({ captured: await capturedGit(safety), refs });
  if (drift !== null && changesGit(drift)) throw new CodeframeError({ code: 'tree-moved', paths: ['.git'] });
}

/** Files that the index needs, that the user's repository has lost, and that the checkpoint has no file of. */
function lostBlobs({ git, lacking }: RestoreIntent): RestoreIntent['looked']['plan']['problems'] {
  return git === null
    ? []
    : lacking.map((object) => ({
        path: '.git/index',
        problem: `the repository has lost the object ${object.slice(0, 12)} that it needs`,
      }));
}

/** Keeps what is there, and proves that all that the plan replaces or deletes is in it. */
async function makeSafety(ports: RestorePorts, restoring: Restoring): Promise<StoredCheckpoint> {
  const { request, intent } = restoring;
  const { looked } = intent;
  const tree = looked.scan === undefined ? ports.tree : scannedAlready(ports.tree, looked.scan);
  const { row } = await createCheckpoint(
    { ...ports, tree },
    {
      trigger: 'safety',
      createdBy: request.requestedBy,
      reason: `before ${request.kind} of ${request.checkpointId}`,
      restoreId: request.restoreId,
      include: looked.include,
      ...(restoring.target.tree === null ? {} : { held: heldBy(restoring.target.tree) }),
      fence: request.fence,
    },
  );
  const safety = await ports.checkpoints.open(row.id);
  const { operations } = looked.plan;
  const paths = notSaved(operations, await safety.codeAt(operations.map(({ path }) => path)));
  if (paths.length > 0) throw new CodeframeError({ code: 'tree-moved', paths: paths.map(showPath) });
  return safety;
}

/** What was to change must be as the checkpoint says, and everything else as it was. */
async function checkResult(ports: RestorePorts, restoring: Restoring): Promise<void> {
  const { target, intent } = restoring;
  if (target.git !== null) {
    const rest = await ports.gitRewinder.plan(target.git);
    if (rest !== null && changesGit(rest)) throw new CodeframeError({ code: 'tree-moved', paths: ['.git'] });
  }
  const { looked } = intent;
  const { scan } = looked;
  const wrong = [
    ...(await notAsPlanned(ports.tree, looked.plan.operations)),
    ...(target.tree === null || scan === undefined
      ? []
      : await movedElsewhere(ports.tree, target.tree, { ...looked, scan })),
  ];
  if (wrong.length > 0) throw new CodeframeError({ code: 'tree-moved', paths: wrong.map(showPath) });
}

/** The restore is done; what is left over does not make it fail, and the next owner tries again. */
async function cleanUp(ports: RestorePorts, { request }: Restoring): Promise<void> {
  const { restoreId, onProgress } = request;
  try {
    await ports.gitRewinder.finish(restoreId);
    const left = await ports.writer.finish(restoreId, (done, total) =>
      onProgress?.({ phase: 'clean-up', done, total }),
    );
    if (left.length > 0) {
      ports.log.warn({ restoreId, left: left.map(showPath) }, 'someone changed these during the restore');
    }
  } catch (error) {
    ports.log.error({ err: error, restoreId }, 'could not clean up after the restore');
  }
}

/**
 * After an error: everything back. Answers the row when the error came after the commit, whose answer was lost.
 * A stale owner touches nothing: the new one has already rolled back, or is about to.
 */
async function takeBack(
  ports: RestorePorts,
  restoring: Restoring,
  error: unknown,
): Promise<RestoreRow | undefined> {
  const { restoreId, fence } = restoring.request;
  if (isFailure(error, 'stale-owner')) return undefined;
  try {
    const row = await ports.store.read((tx) => tx.get('restores', restoreId));
    if (row?.status === 'finished') {
      await cleanUp(ports, restoring);
      return row;
    }
    const left = await takeBackChanges(ports, restoreId);
    if (left.length > 0) {
      ports.log.warn({ restoreId, left: left.map(showPath) }, 'someone changed these during the restore');
    }
    await recordFailed(ports, { restoreId, error }, fence);
    await ports.gitRewinder.forget(restoreId);
    await ports.writer.forget(restoreId);
    return undefined;
  } catch (second) {
    if (isFailure(second, 'stale-owner')) throw second;
    if (isFailure(second, 'restore-blocked')) throw second;
    ports.log.error({ err: second, restoreId }, 'could not take the restore back');
    const problem = `restore ${restoreId} failed and could not be taken back yet`;
    throw new CodeframeError(
      { code: 'unfinished-work', problem, next: 'codeframe pause' },
      { cause: new AggregateError([error, second]) },
    );
  }
}

function tell({ onProgress }: RestoreRequest, phase: RestoreProgress['phase']): void {
  onProgress?.({ phase, done: 0, total: 0 });
}

function fileFigures(looked: LookedAt): Omit<RestoreFigures, 'rows' | 'durationMs'> {
  const count = (...kinds: readonly string[]): number =>
    looked.plan.changes.filter(({ change }) => kinds.includes(change)).length;
  return {
    added: count('add'),
    changed: count('change', 'type'),
    deleted: count('delete'),
    modes: count('mode'),
  };
}
