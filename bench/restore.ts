import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openMemoryStore } from '../src/adapters/store-memory/memory-store.ts';
import { systemClock } from '../src/adapters/system/system-clock.ts';
import type { RestoreProgress } from '../src/handle.ts';
import { openRestoreBench, type RestoreBench } from '../test/rig/restore-bench.ts';

/*
 * A restore of a few changed files of many, in process, next to `git read-tree -m -u` between two commits with the same
 * change in a copy of the tree, with a warm index: what moves the files and nothing else. Ours also keeps what is there
 * first, checks what it brings back, and syncs. The minimum of several rounds of each, in turn; figures are only as good
 * as the machine is idle.
 */

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20000' },
    changed: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
  },
});
const files = Number(values.files);
const changed = Number(values.changed);
const rounds = Number(values.rounds);

const place = mkdtempSync(join(tmpdir(), 'codeframe-bench-'));
try {
  await run();
} finally {
  rmSync(place, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const root = join(place, 'project');
  const floorRoot = join(place, 'floor');
  const paths = makeTree(root);
  cpSync(root, floorRoot, { recursive: true, preserveTimestamps: true });
  git(floorRoot, ['init', '-q']);
  const commits = [commit(floorRoot)];
  edit(floorRoot, paths);
  commits.push(commit(floorRoot));
  const bench = await openRestoreBench(place, openMemoryStore());
  // Let the files grow older than the time in which no scan trusts them.
  await systemClock.sleep(2_100);
  const checkpoints = [await bench.checkpoint()];
  edit(root, paths);
  await systemClock.sleep(2_100);
  checkpoints.push(await bench.checkpoint());
  const ours: number[] = [];
  const floors: number[] = [];
  let phases: Readonly<Record<string, number>> = {};
  for (let round = 0; round < rounds * 2; round++) {
    const [to = '', from = ''] = round % 2 === 0 ? commits : commits.toReversed();
    await systemClock.sleep(2_100);
    const measured = await measureRestore(bench, checkpoints[round % 2] ?? '');
    ours.push(measured.tookMs);
    phases = measured.phases;
    floors.push(await measure(() => git(floorRoot, ['read-tree', '-m', '-u', from, to])));
  }
  const unchanged = await measureRestore(bench, checkpoints[1] ?? '');
  await bench.ports.checkpoints.close();
  const [best, bestFloor] = [Math.min(...ours), Math.min(...floors)];
  say('files, changed', `${files}, ${changed}`);
  say('restore', `${ms(best)} (phases of the last: ${JSON.stringify(phases)})`);
  say('git read-tree -m -u', ms(bestFloor));
  say('ratio', (best / bestFloor).toFixed(2));
  say('restore of what is there', ms(unchanged.tookMs));
}

async function measureRestore(
  { ports, restore }: RestoreBench,
  id: string,
): Promise<{ readonly tookMs: number; readonly phases: Readonly<Record<string, number>> }> {
  const phases: Record<string, number> = {};
  const began = ports.clock.elapsed();
  let phase: RestoreProgress['phase'] = 'look';
  let since = began;
  const mark = (next: RestoreProgress['phase']): void => {
    const now = ports.clock.elapsed();
    phases[phase] = Math.round((phases[phase] ?? 0) + now - since);
    [phase, since] = [next, now];
  };
  const tookMs = await measure(() => restore(id, { onProgress: (progress) => mark(progress.phase) }));
  mark('clean-up');
  return { tookMs, phases };
}

function makeTree(root: string): string[] {
  const paths: string[] = [];
  for (let i = 0; i < files; i++) {
    const dir = join(`d${i % 40}`, `s${Math.floor(i / 40) % Math.max(1, Math.ceil(files / 800))}`);
    mkdirSync(join(root, dir), { recursive: true });
    paths.push(join(dir, `file${i}.ts`));
    writeFileSync(
      join(root, paths[i] ?? ''),
      `// ${i}\n${randomBytes(200 + (i % 1500)).toString('base64')}\n`,
    );
  }
  return paths;
}

function edit(root: string, paths: readonly string[]): void {
  for (let i = 0; i < changed; i++)
    writeFileSync(join(root, paths[(i * 997) % paths.length] ?? ''), 'changed\n');
}

function commit(root: string): string {
  git(root, ['add', '-A']);
  git(root, ['commit', '-q', '-m', 'state']);
  return git(root, ['rev-parse', 'HEAD']);
}

function git(cwd: string, args: readonly string[]): string {
  const identity = ['user.name=b', 'user.email=b@b', 'gc.auto=0'].flatMap((setting) => ['-c', setting]);
  const done = spawnSync('git', [...identity, ...args], { cwd });
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr.toString()}`);
  return done.stdout.toString().trim();
}

async function measure(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function say(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(26)}${value}\n`);
}
