import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { showPath } from '../../src/checkpoint/tree.ts';
import { isFailure } from '../../src/failure.ts';
import { parentsOf } from '../rig/random-tree.ts';
import { seededRandom } from '../rig/random.ts';
import { withDirectory } from '../rig/real-tree.ts';
import { withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';
import { treeFacts, type TreeFacts } from '../rig/tree-facts.ts';
import { applyStep, askGit, randomStep, spawnGit, type TreeStep } from '../rig/tree-steps.ts';
import { seed } from '../rig/same-everywhere.ts';

const projects = 10;
const groups = 6;
const stepsInGroup = 34;

/** `restore`: which of the checkpoints so far, 0 the oldest, towards 1 the newest. */
type Step =
  | TreeStep
  | { readonly do: 'checkpoint' }
  | { readonly do: 'restore'; readonly which: number; readonly undo: boolean; readonly git: boolean };

describe(`${projects * groups * stepsInGroup} random operations on ${projects} trees, seed ${seed}`, () => {
  it('checkpoints hold every tree, restores bring each back, undo every byte, and git is never touched', async () => {
    let restores = 0;
    for (let project = 0; project < projects; project++) {
      const steps = randomSteps(seededRandom(seed * 1_000 + project));
      restores += steps.filter((step) => step.do === 'restore').length;
      const problem = await run(steps);
      if (problem === null) continue;
      console.log(`project ${project} of seed ${seed}: ${problem}`);
      const short = await shorten(steps, 60_000);
      const log = short.steps.map((step) => JSON.stringify(step)).join('\n');
      throw new Error(`CODEFRAME_SEED=${seed}: ${short.problem ?? problem}\nafter\n${log}`);
    }
    console.log(`${restores} restores, seed ${seed}`);
  });
});

function randomSteps(random: () => number): readonly Step[] {
  const steps: Step[] = [];
  for (let group = 0; group < groups; group++) {
    for (let step = 0; step < stepsInGroup; step++) steps.push(randomStep(random));
    steps.push(
      { do: 'checkpoint' },
      { do: 'restore', which: random(), undo: random() < 0.6, git: random() < 0.4 },
    );
  }
  return steps;
}

/** On a new tree; answers what is wrong, or null. */
async function run(steps: readonly Step[]): Promise<string | null> {
  return withDirectory((directory) =>
    withRestoreBench(async (bench) => {
      begin(bench.root);
      const trial = new Trial(bench);
      for (const [index, step] of steps.entries()) {
        if (step.do !== 'checkpoint' && step.do !== 'restore') {
          applyStep(bench.root, step);
          continue;
        }
        try {
          await trial.take(step);
        } catch (error) {
          return `step ${index} (${JSON.stringify(step)}): ${error instanceof Error ? error.message : String(error)}`;
        }
      }
      return null;
    }, directory),
  );
}

function begin(root: string): void {
  mkdirSync(root, { recursive: true });
  spawnGit(root, ['init', '-q', '-b', 'main']);
  applyStep(root, { do: 'write', path: '.gitignore', text: 'ign*\n', times: 1 });
  spawnGit(root, ['add', '-A']);
  spawnGit(root, ['commit', '-q', '-m', 'first']);
}

/** Leaves out ever smaller stretches as long as it still fails. */
async function shorten(
  steps: readonly Step[],
  withinMs: number,
): Promise<{ readonly steps: readonly Step[]; readonly problem: string | null }> {
  const until = performance.now() + withinMs;
  let failing = steps;
  let problem: string | null = null;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < failing.length && performance.now() < until;) {
      const without = [...failing.slice(0, at), ...failing.slice(at + size)];
      const found = await run(without);
      if (found === null) at += size;
      else [failing, problem] = [without, found];
    }
  }
  return { steps: failing, problem };
}

/** What a tree was like when a checkpoint was made of it, read by nothing of the product but for what it says it left out. */
interface Snapshot {
  readonly id: string;
  readonly facts: TreeFacts;
  /** As `showPath` gives them. */
  readonly uncovered: ReadonlySet<string>;
  readonly git: GitSays;
}

class Trial {
  readonly #bench: RestoreBench;
  readonly #snapshots: Snapshot[] = [];

  constructor(bench: RestoreBench) {
    this.#bench = bench;
  }

  async take(step: Exclude<Step, TreeStep>): Promise<void> {
    if (step.do === 'checkpoint') this.#snapshots.push(await this.#checkpoint());
    else await this.#restore(step);
  }

  #facts(): TreeFacts {
    return treeFacts(this.#bench.root, (path) => path === '.git');
  }

  async #checkpoint(): Promise<Snapshot> {
    const { ports, root } = this.#bench;
    const before = { tree: this.#facts(), git: gitState(root) };
    const id = await this.#bench.checkpoint();
    same('a checkpoint changes nothing', { tree: this.#facts(), git: gitState(root) }, before);
    const checkpoint = await ports.checkpoints.open(id);
    const index = await checkpoint.part('git/index');
    same('the index is in it', Buffer.from(index), readFileSync(join(root, '.git/index')));
    const uncovered = new Set(checkpoint.manifest.uncovered.map(({ path }) => path));
    for (const path of uncovered) {
      const isMeant = path.split('/').some((name) => name.startsWith('ign') || name === '.git');
      if (!isMeant) throw new Error(`${path} is left out for no reason`);
    }
    return { id, facts: before.tree, uncovered, git: gitSays(root) };
  }

  async #restore(step: Extract<Step, { do: 'restore' }>): Promise<void> {
    const target = this.#snapshots[Math.floor(step.which * this.#snapshots.length)];
    if (target === undefined) return;
    const { root, preview, restore, undo } = this.#bench;
    const present = await this.#checkpoint();
    const git = gitState(root);
    const wanted = expected(target, present);
    const options = step.git ? { git: true } : {};
    const thrown = await attempt(async () => {
      const { changes } = await preview(target.id, options);
      const told = changes.map(({ path }) => path);
      same('told before', leaves(told, present.facts, wanted), changedLeaves(present.facts, wanted));
      await restore(target.id, options);
    });
    if (thrown !== null && !(isBlocked(target, present) && isFailure(thrown, 'restore-blocked')))
      throw thrown;
    same('restored', this.#facts(), thrown === null ? wanted : present.facts);
    if (thrown === null && step.git) sameGit('git restored', gitSays(root), target.git);
    else same('git left alone', gitState(root), git);
    if (thrown !== null || !step.undo) return;
    await undo();
    same('undone', withoutLeftDirectories(this.#facts(), present.facts), present.facts);
    if (step.git) sameGit('git undone', gitSays(root), present.git);
    else same('git left alone by undo', gitState(root), git);
  }
}

async function attempt(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    return error;
  }
}

/** Everything of the user's repository but its objects, which git packs, and the refs that are codeframe's. */
function gitState(root: string): TreeFacts {
  return treeFacts(join(root, '.git'), (path) => path === 'objects' || path === 'refs/codeframe');
}

/** What git says of HEAD, its branch, every entry of the index, and what is in progress. */
interface GitSays {
  readonly head: string;
  readonly commit: string;
  readonly index: string;
  readonly operation: TreeFacts;
}

function gitSays(root: string): GitSays {
  const operation = /^(MERGE_|CHERRY_PICK_HEAD|REVERT_HEAD|REBASE_HEAD|AUTO_MERGE|rebase-|sequencer)/;
  return {
    head: readFileSync(join(root, '.git/HEAD'), 'utf8'),
    commit: askGit(root, ['rev-parse', '--verify', '--quiet', 'HEAD']),
    index: askGit(root, ['ls-files', '--stage', '-z', '--full-name']),
    operation: treeFacts(join(root, '.git'), (path) => !operation.test(path)),
  };
}

/** Every part by itself, so that a failure says which it is. */
function sameGit(what: string, found: GitSays, wanted: GitSays): void {
  same(`${what}: HEAD`, found.head, wanted.head);
  same(`${what}: commit`, found.commit, wanted.commit);
  same(`${what}: index`, found.index, wanted.index);
  same(`${what}: operation`, found.operation, wanted.operation);
}

/** The rules of a restore, once more: what the checkpoint covers, and of the rest what nobody may delete. */
function expected(target: Snapshot, present: Snapshot): TreeFacts {
  const wanted = covered(target);
  for (const [path, fact] of present.facts) {
    const isOthers = isLeftOut(present, path);
    const has = wanted.get(path);
    // The mode of a directory that is not covered is nobody's to change.
    if (has?.startsWith('directory') === true && fact.startsWith('directory') && isOthers)
      wanted.set(path, fact);
    if (has !== undefined || !(isOthers || isLeftOut(target, path)) || isInTheWay(wanted, path)) continue;
    for (const parent of parentsOf(path)) {
      if (!wanted.has(parent)) wanted.set(parent, present.facts.get(parent) ?? 'nothing');
    }
    wanted.set(path, fact);
  }
  return new Map([...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A repository inside that is where the checkpoint has a file or a link: it cannot be saved, so it is not deleted. */
function isBlocked(target: Snapshot, present: Snapshot): boolean {
  const wanted = covered(target);
  return [...present.facts.keys()].some((path) => path.endsWith('/.git') && isInTheWay(wanted, path));
}

function covered(snapshot: Snapshot): Map<string, string> {
  return new Map([...snapshot.facts].filter(([path]) => !isLeftOut(snapshot, path)));
}

function isLeftOut(snapshot: Snapshot, path: string): boolean {
  return [path, ...parentsOf(path)].some((one) => snapshot.uncovered.has(showPath(one)));
}

function isInTheWay(wanted: TreeFacts, path: string): boolean {
  return parentsOf(path).some((parent) => wanted.get(parent)?.startsWith('directory') === false);
}

function changedLeaves(from: TreeFacts, to: TreeFacts): ReadonlySet<string> {
  const paths = [...new Set([...from.keys(), ...to.keys()])].filter(
    (path) => from.get(path) !== to.get(path),
  );
  return leaves(paths.map(showPath), from, to);
}

/** Without directories that only come or go: those are told only when nothing is in them. */
function leaves(paths: readonly string[], from: TreeFacts, to: TreeFacts): ReadonlySet<string> {
  const shown = (facts: TreeFacts): ReadonlyMap<string, string> =>
    new Map([...facts].map(([path, fact]) => [showPath(path), fact.split(' ')[0] ?? '']));
  const [before, after] = [shown(from), shown(to)];
  const isMove = (path: string): boolean => {
    const kinds = [before.get(path), after.get(path)];
    return kinds.includes('directory') && kinds.includes(undefined);
  };
  return new Set(paths.filter((path) => !isMove(path)).toSorted());
}

/** Undo leaves an ignored directory that its restore made: by now there could be more in it. Empty ones do no harm. */
function withoutLeftDirectories(found: TreeFacts, wanted: TreeFacts): TreeFacts {
  const isLeft = (path: string): boolean => {
    const below = [...found].filter(([one]) => one === path || one.startsWith(`${path}/`));
    const isIgnored = below.some(([one]) => one.split('/').some((name) => name.startsWith('ign')));
    return !wanted.has(path) && isIgnored && below.every(([, fact]) => fact.startsWith('directory'));
  };
  return new Map([...found].filter(([path]) => !isLeft(path)));
}

function same(what: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return;
  if (found instanceof Map && wanted instanceof Map) {
    const differ = [...new Set([...found.keys(), ...wanted.keys()])].filter(
      (key) => found.get(key) !== wanted.get(key),
    );
    const lines = differ.map((key) => `${JSON.stringify(key)}: ${found.get(key)}, not ${wanted.get(key)}`);
    throw new Error(`${what}: ${lines.join('; ')}`);
  }
  expect(found, what).toEqual(wanted);
}
