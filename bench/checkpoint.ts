import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/adapters/system/system-clock.ts';
import { binPath } from '../test/rig/cli.ts';
import { BenchProject, runProgram } from './checkpoint/bench-project.ts';
import { say, sayLimit, sayRatio, Times } from './checkpoint/figures.ts';
import { measureList } from './checkpoint/list-of-many.ts';
import { measureMemory, runAsRunner } from './checkpoint/memory-of-runner.ts';
import { compareOthers } from './checkpoint/other-programs.ts';

/*
 * A whole checkpoint (code, rows, memory, synced), next to git's own floor for the same edits of the same tree in the same
 * run: `add -A`, `write-tree`, `commit-tree`, `update-ref` with a warm index of its own, which syncs nothing. The least of
 * several rounds of each, in turn; figures are only as good as the machine is idle.
 */

const { values } = parseArgs({
  options: {
    /** 0: without them. */
    files: { type: 'string', default: '20000,100000' },
    rounds: { type: 'string', default: '5' },
    /** How many checkpoints the row of disk space is about; 0: without that row. */
    checkpoints: { type: 'string', default: '500' },
    /** How many are in the list that is measured; 0: without that row. */
    listed: { type: 'string', default: '10000' },
    /** The process of which the memory is measured starts this file with them. */
    runner: { type: 'string' },
    state: { type: 'string', default: 'data' },
  },
});
const rounds = Number(values.rounds);
/** Older files are trusted by the next scan. */
const settleMs = 2_100;

if (values.runner !== undefined) {
  await runAsRunner(values.runner, values.state);
  process.exit(0);
}
const trees = values.files
  .split(',')
  .map(Number)
  .filter((files) => files > 0);
for (const files of trees) await measureTree(files);
if (Number(values.checkpoints) > 0) await measureDisk(Number(values.checkpoints));
if (Number(values.listed) > 0) await measureList(Number(values.listed), rounds);

async function measureTree(files: number): Promise<void> {
  const project = await BenchProject.create(files);
  try {
    await systemClock.sleep(settleMs);
    const [first, firstFloor] = [new Times(), new Times()];
    await first.add(() => project.checkpoint());
    await firstFloor.add(() => project.floor());
    say(`${files} files, first`, `${first.best.toFixed(0)} ms, git's floor ${firstFloor.best.toFixed(0)} ms`);
    const onePercent = await measureEdits(project, files, files / 100);
    await measureEdits(project, files, 10);
    await measureByFeed(project, files);
    await measureNoChange(project, files);
    await measureMemory(project, files);
    await measureCli(project, files);
    await compareOthers(project, {
      edited: files / 100,
      oursMs: onePercent,
      goal: files > 50_000 ? 7 : 10,
    });
  } finally {
    await project.remove();
  }
}

/** Answers the time of a checkpoint in ms. */
async function measureEdits(project: BenchProject, files: number, edited: number): Promise<number> {
  const [ours, floors, held] = [new Times(), new Times(), new Times()];
  let phases = {};
  for (let round = 0; round < rounds; round++) {
    project.edit(edited);
    const made = await ours.add(() => project.checkpoint());
    held.note(made.heldMs);
    phases = made.phasesMs;
    await floors.add(() => project.floor());
    await systemClock.sleep(settleMs);
    await project.checkpoint();
  }
  const goal = edited === 10 ? 0.1 : files > 50_000 ? 0.8 : 1;
  const what = `${files} files, ${edited} edited`;
  sayRatio(`${what}: checkpoint, git's floor`, { ours: ours.best, theirs: floors.best, unit: 'ms', goal });
  say(`${what}: phases of the last, cumulated`, JSON.stringify(phases));
  sayLimit(`${what}: agents held`, { ours: held.best, unit: 'ms', goal: 150 });
  return ours.best;
}

/** The checkpoints that a runner makes by itself. */
async function measureByFeed(project: BenchProject, files: number): Promise<void> {
  const byFeed = { byFeed: true };
  await project.checkpoint(byFeed);
  await project.checkpoint(byFeed);
  for (const [what, edited] of [
    ['no change', 0],
    ['10 edited', 10],
    ['1 % edited', files / 100],
  ] as const) {
    const [ours, theirs, held] = [new Times(), new Times(), new Times()];
    for (let round = 0; round < rounds; round++) {
      project.edit(edited);
      held.note((await ours.add(() => project.checkpoint(byFeed))).heldMs);
      await theirs.add(() => (edited === 0 ? project.git(['status', '--porcelain']) : project.floor()));
      await systemClock.sleep(settleMs);
      await project.checkpoint(byFeed);
    }
    const goal = edited === 10 ? 0.1 : files > 50_000 && edited > 0 ? 0.8 : 1;
    const row = `${files} files, ${what}, by the change feed: checkpoint, ${edited === 0 ? 'git status' : "git's floor"}`;
    sayRatio(row, { ours: ours.best, theirs: theirs.best, unit: 'ms', goal });
    sayLimit(`${files} files, ${what}, by the change feed: agents held`, {
      ours: held.best,
      unit: 'ms',
      goal: 150,
    });
  }
}

async function measureNoChange(project: BenchProject, files: number): Promise<void> {
  const [ours, statuses] = [new Times(), new Times()];
  await systemClock.sleep(settleMs);
  await project.checkpoint();
  for (let round = 0; round < rounds; round++) {
    await ours.add(() => project.checkpoint());
    await statuses.add(() => project.git(['status', '--porcelain']));
  }
  const figures = { ours: ours.best, theirs: statuses.best, unit: 'ms', goal: 1 };
  sayRatio(`${files} files, no change: checkpoint, git status`, figures);
}

async function measureCli(project: BenchProject, files: number): Promise<void> {
  const env = { CODEFRAME_HOME: join(project.place, 'home') };
  const run = (...args: readonly string[]): string =>
    runProgram(process.execPath, [binPath, ...args], { cwd: project.root, env });
  run('init');
  run('checkpoint', 'create');
  await systemClock.sleep(settleMs);
  run('checkpoint', 'create');
  const [ours, floors, starts] = [new Times(), new Times(), new Times()];
  for (let round = 0; round < rounds; round++) {
    project.edit(files / 100);
    await ours.add(() => run('checkpoint', 'create'));
    await floors.add(() => project.floor());
    await starts.add(() => spawnSync(process.execPath, ['-e', '0']));
    await systemClock.sleep(settleMs);
    run('checkpoint', 'create');
  }
  const theirs = floors.best + starts.best;
  sayRatio(`${files} files, 1 % edited: by CLI, floor and start of node`, {
    ours: ours.best,
    theirs,
    unit: 'ms',
    goal: 1,
  });
}

/** The same commits in a repository of git's, packed by `git gc`. */
async function measureDisk(checkpoints: number): Promise<void> {
  const project = await BenchProject.create(1_000);
  try {
    for (let n = 0; n < checkpoints; n++) {
      project.edit(10);
      await project.checkpoint();
      project.commitAside();
    }
    const theirs = project.sizeAside() / 1e3;
    const before = await project.ports.checkpoints.diskBytes();
    const reclaimed = new Times();
    await reclaimed.add(() => project.ports.checkpoints.reclaim());
    const ours = (await project.ports.checkpoints.diskBytes()) / 1e3;
    const what = `1000 files, ${checkpoints} checkpoints of 1 %`;
    sayRatio(`${what}: disk, git after gc`, { ours, theirs, unit: 'KB', goal: 1.2 });
    say(
      `${what}: before they were packed`,
      `${(before / 1e3).toFixed(0)} KB; packing took ${reclaimed.best.toFixed(0)} ms`,
    );
  } finally {
    await project.remove();
  }
}
