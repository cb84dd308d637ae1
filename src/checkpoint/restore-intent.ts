import { createHash } from 'node:crypto';
import { CodeframeError, isFailure } from '../failure.ts';
import type { RestorePreview } from '../handle.ts';
import type { Store } from '../store/store.ts';
import { countRows, planRows, readState, rowsDigest, type TableChange } from './change-rows.ts';
import type { CheckpointStore, StoredCheckpoint } from './checkpoint-store.ts';
import { openKnown } from './find-checkpoint.ts';
import { rebaseCommands, rebaseTodo, wasMadeHere } from './foreign-commands.ts';
import { capturedGit } from './git-parts.ts';
import { changesGit, type GitPlan, type GitRewinder, type WantedGit } from './git-rewinder.ts';
import { planFromTree, type LookedAt, type LookTarget } from './look-at-tree.ts';
import { rowsFromParts, type StateRows } from './parts.ts';
import { selectPaths, type MatchGlob } from './path-filter.ts';
import type { RestorePart, RestoreRow } from './restore.ts';
import { isUnknown } from './plan-restore.ts';
import { showPath, type ObjectId, type TreePath } from './tree.ts';
import { rememberParts, verifyParts } from './verify-used.ts';
import { wantedRows } from './wanted-rows.ts';
import { wantedTree } from './wanted-tree.ts';
import type { WorkTree } from './work-tree.ts';

/** What a restore has to reach. */
export interface RestoreTarget {
  readonly stored: StoredCheckpoint;
  readonly only: readonly RestorePart[] | null;
  readonly paths: readonly string[] | null;
  /** Whether paths that name nothing are a mistake: not in an undo, which takes those of its restore. */
  readonly checksPaths: boolean;
  readonly parts: ReadonlySet<RestorePart>;
  /** Null: the user's repository stays as it is. */
  readonly git: WantedGit | null;
  /** Commands of a rebase in progress that came from elsewhere and are not allowed. */
  readonly foreign: readonly string[];
  /** Null: the files stay as they are. */
  readonly tree: LookTarget | null;
  /** Null: the rows stay as they are. */
  readonly rows: StateRows | null;
}

/** Everything that a restore would do, from what is there now. */
export interface RestoreIntent {
  readonly looked: LookedAt;
  readonly rows: readonly TableChange[];
  /** Null: nothing of the user's repository is to change. */
  readonly git: GitPlan | null;
  /** Of what the repository lacks: what no file of the checkpoint is, so that it cannot be given back. */
  readonly lacking: readonly ObjectId[];
  readonly preview: RestorePreview;
}

export interface IntentPorts {
  readonly store: Store;
  readonly checkpoints: CheckpointStore;
  readonly tree: WorkTree;
  readonly matchGlob: MatchGlob;
  readonly gitRewinder: GitRewinder;
  readonly project: { readonly id: string };
}

/** What is asked for, from a caller or from the restore that is undone. */
export interface TargetRequest {
  readonly checkpointId: string;
  readonly kind?: RestoreRow['kind'];
  /** The checkpoint whose restore is gone back over. */
  readonly over?: string;
  readonly only?: readonly RestorePart[];
  /** As `tidyPatterns` makes them; only the code, unless `only` says more. */
  readonly paths?: readonly string[];
  /** Brings the user's repository back too; `refs`: besides those that HEAD and an operation need. */
  readonly git?: {
    readonly refs: readonly string[];
    /** Whether a rebase in progress that came from elsewhere may have commands, which git would run. */
    readonly allowsCommands?: boolean;
  };
}

/**
 * Reads what a checkpoint holds, and hashes all of it but the files' bytes first. Throws `corrupt-checkpoint` when it is not
 * one that this project can have made, and `invalid-argument` for paths without code.
 */
export async function openTarget(ports: IntentPorts, request: TargetRequest): Promise<RestoreTarget> {
  const { checkpointId, kind = 'restore' } = request;
  const { only, paths } = limitsOf(request);
  const stored = rememberParts(await openKnown(ports.checkpoints, checkpointId));
  if (stored.manifest.projectId !== ports.project.id) {
    const problem = 'it is of another project';
    throw new CodeframeError({
      code: 'corrupt-checkpoint',
      id: checkpointId,
      part: 'manifest.json',
      problem,
    });
  }
  await verifyParts(stored);
  const parts = new Set<RestorePart>(only ?? ['code', 'state', 'context']);
  const wanted = wantedTree(checkpointId, await stored.code());
  const unknown = new Set(stored.manifest.uncovered.map(({ path }) => path));
  const tree: LookTarget = {
    wanted,
    unknown,
    made: request.over === undefined ? [] : await madeBy(ports, request.over, { wanted, unknown }),
    like: stored.commit,
    ...(paths === null ? {} : { filter: selectPaths(paths, ports.matchGlob) }),
  };
  const hasRows = parts.has('state') || parts.has('context');
  const rows = hasRows ? await rowsFromParts(stored) : null;
  const git = request.git && { captured: await capturedGit(stored), refs: request.git.refs };
  const checksPaths = kind === 'restore';
  return {
    stored,
    only,
    paths,
    checksPaths,
    parts,
    git: git ?? null,
    foreign: git === undefined ? [] : await foreignCommands(ports, request, git.captured),
    tree: parts.has('code') ? tree : null,
    rows,
  };
}

async function foreignCommands(
  { store }: IntentPorts,
  { checkpointId, git }: TargetRequest,
  captured: WantedGit['captured'],
): Promise<readonly string[]> {
  const commands = captured === null || git?.allowsCommands === true ? [] : rebaseCommands(captured);
  return commands.length === 0 || (await wasMadeHere(store, checkpointId)) ? [] : commands;
}

/**
 * Files and links that were nowhere before a checkpoint was restored: what is at these paths is there because of that.
 * Not directories, in which there may be more by now.
 */
async function madeBy(
  ports: IntentPorts,
  restoredId: string,
  before: Pick<LookTarget, 'wanted' | 'unknown'>,
): Promise<readonly TreePath[]> {
  try {
    const code = await (await ports.checkpoints.open(restoredId)).code();
    const leaves = code.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
    return leaves.filter((path) => !before.wanted.has(path) && !isUnknown(path, before.unknown));
  } catch (error) {
    // It was deleted since: then what is ignored by now stays.
    if (!isFailure(error)) throw error;
    return [];
  }
}

function limitsOf(request: TargetRequest): Pick<RestoreTarget, 'only' | 'paths'> {
  const { only: given = [], paths = [], git } = request;
  const hasCode = given.length === 0 || given.includes('code');
  if (paths.length > 0 && !hasCode) throw invalid('--path', 'paths are code, which --only leaves out');
  if (git !== undefined && (paths.length > 0 || !hasCode)) {
    throw invalid(
      '--git',
      'the index fits all of the code only, so it goes with neither --path nor --only without code',
    );
  }
  const only = given.length > 0 ? given : paths.length > 0 ? (['code'] as const) : null;
  return { only, paths: paths.length > 0 ? paths : null };
}

function invalid(argument: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'invalid-argument', argument, problem });
}

/** Plans; changes nothing. */
export async function planIntent(ports: IntentPorts, target: RestoreTarget): Promise<RestoreIntent> {
  const looked = target.tree === null ? nothing : await planFromTree(ports.tree, target.tree);
  refuseUnmatched(target);
  const git = await planGit(ports, target);
  const present = await ports.store.read(readState);
  const rows = planStateRows(target, present);
  const { plan, saved } = looked;
  const digest = createHash('sha256')
    .update(`${target.stored.id} ${target.stored.commit} ${[...target.parts].join()}\n`)
    .update(`${plan.digest} ${rowsDigest(rows)} ${git?.digest ?? ''}\n`)
    .digest('hex');
  return {
    looked,
    rows,
    git,
    lacking: await lackingObjects(target, git),
    preview: {
      checkpointId: target.stored.id,
      only: target.only,
      paths: target.paths,
      changes: plan.changes,
      rows: countRows(rows),
      saved: saved.map(showPath),
      git: await gitPreview(ports, target, git),
      digest,
    },
  };
}

async function planGit(
  { gitRewinder }: IntentPorts,
  { git, foreign }: RestoreTarget,
): Promise<GitPlan | null> {
  const plan = git === null ? null : await gitRewinder.plan(git);
  if (plan === null || foreign.length === 0 || !plan.files.includes(rebaseTodo)) return plan;
  const commands = foreign.map((command) => `\`${command}\``).join(', ');
  const problem = `it was not made here, and \`git rebase --continue\` would run ${commands}: give --git-commands to have it`;
  return { ...plan, problems: [...plan.problems, { path: `.git/${rebaseTodo}`, problem }] };
}

/** Every path of both trees has been asked for by now. */
function refuseUnmatched({ tree, checksPaths }: RestoreTarget): void {
  const unmatched = checksPaths ? (tree?.filter?.unmatched() ?? []) : [];
  if (unmatched.length === 0) return;
  const names = unmatched.map((pattern) => `\`${pattern}\``).join(', ');
  const problem = `${names} is neither in the checkpoint nor among the project's covered files`;
  throw invalid('--path', problem);
}

async function lackingObjects(
  { tree, stored }: RestoreTarget,
  git: GitPlan | null,
): Promise<readonly ObjectId[]> {
  if (git === null || git.missing.length === 0) return [];
  const entries = [...(tree?.wanted.values() ?? [])];
  const staged = await stored.partPaths('staged/blobs/');
  const held = new Set([
    ...entries.flatMap((entry) => (entry.kind === 'file' ? [entry.object] : [])),
    ...staged.map((path) => path.slice('staged/blobs/'.length)),
  ]);
  return git.missing.filter((object) => !held.has(object));
}

/** What bringing the repository back would change, asked for or not; null where nothing is to be said of it. */
async function gitPreview(
  ports: IntentPorts,
  target: RestoreTarget,
  asked: GitPlan | null,
): Promise<RestorePreview['git']> {
  if (asked !== null) return previewOf(asked, true);
  return target.tree === null ? null : gitDifference(ports, target.stored);
}

/** How the repository differs from a checkpoint's, without touching it; null where it does not, or there is none. */
export async function gitDifference(
  ports: Pick<IntentPorts, 'gitRewinder'>,
  stored: StoredCheckpoint,
): Promise<RestorePreview['git']> {
  const captured = await capturedGit(stored);
  const plan = captured && (await ports.gitRewinder.plan({ captured, refs: [] }));
  return plan === null || !changesGit(plan) ? null : previewOf(plan, false);
}

function previewOf(plan: GitPlan, asked: boolean): NonNullable<RestorePreview['git']> {
  const { head, refs, index, operation, losing, problems } = plan;
  const commitsOf = (name: string): number => losing.find((one) => one.name === name)?.commits ?? 0;
  return {
    asked,
    head,
    refs: refs.map((ref) => ({ ...ref, laterCommits: commitsOf(ref.name) })),
    detachedCommits: commitsOf('HEAD'),
    index,
    operation,
    problems: problems.map(({ path, problem }) => `${path}: ${problem}`),
  };
}

export function planStateRows(target: RestoreTarget, present: StateRows): readonly TableChange[] {
  if (target.rows === null) return [];
  const savedAt = Date.parse(target.stored.manifest.createdAt);
  const saved = { saved: target.rows, savedIn: target.stored.id, savedAt };
  return planRows(present, wantedRows({ ...saved, present, parts: target.parts }));
}

/** Throws `tree-moved` when what was shown, or of which the digest was given, is not what would be done now. */
export function refuseIfMoved(
  { preview: shown, digest = shown?.digest }: { readonly preview?: RestorePreview; readonly digest?: string },
  { preview: now }: RestoreIntent,
): void {
  if (digest === undefined || digest === now.digest) return;
  const paths = shown === undefined ? now.changes.map(({ path }) => path) : movedPaths(shown, now);
  throw new CodeframeError({ code: 'tree-moved', paths });
}

/** What the two previews differ in; where they list the same, the content of what they list is another. */
function movedPaths(shown: RestorePreview, now: RestorePreview): readonly string[] {
  const lists = [shown, now].map(
    ({ changes, rows }) =>
      new Map([
        ...changes.map((one) => [`${one.change} ${one.path}`, one.path] as const),
        ...rows.map((one) => [JSON.stringify(one), `state/${one.table}`] as const),
      ]),
  );
  const paths = lists.flatMap((list, index) =>
    [...list].filter(([key]) => lists[1 - index]?.has(key) !== true).map(([, path]) => path),
  );
  const moved = new Set(paths.length > 0 ? paths : lists.flatMap((list) => [...list.values()]));
  return [...moved].toSorted();
}

const nothing: LookedAt = {
  scan: undefined,
  known: [],
  plan: { operations: [], changes: [], save: [], problems: [], digest: '' },
  uncovered: [],
  include: [],
  saved: [],
};
