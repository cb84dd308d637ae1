import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openGitCheckpoints } from '../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openMemoryStore } from '../src/adapters/store-memory/memory-store.ts';
import { randomIds } from '../src/adapters/system/random-ids.ts';
import { systemClock } from '../src/adapters/system/system-clock.ts';
import { openUserGit } from '../src/adapters/user-git/git-user-repository.ts';
import { openWorkTree } from '../src/adapters/work-tree/fs-work-tree.ts';
import { createCheckpoint, type CheckpointPorts } from '../src/checkpoint/create-checkpoint.ts';
import { silentLog } from '../src/log.ts';

/*
 * A whole checkpoint, next to git's own floor for the same edits of the same tree in the same run: `add -A`,
 * `write-tree`, `commit-tree`, `update-ref` with a warm index of its own in a bare repository, which syncs nothing.
 * The minimum of several rounds of each, in turn; figures are only as good as the machine is idle.
 */

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20000' },
    edited: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
  },
});
const files = Number(values.files);
const editedShare = Number(values.edited) / 100;
const rounds = Number(values.rounds);

const place = mkdtempSync(join(tmpdir(), 'codeframe-bench-'));
try {
  await run();
} finally {
  rmSync(place, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const paths = makeTree();
  git(['init', '-q', root()]);
  git(['add', '-A']);
  git(['commit', '-q', '-m', 'all']);
  git(['init', '-q', '--bare', floorDir()]);
  const ports = openPorts();
  // Warm both, and let the files grow older than the time in which no scan trusts them.
  await systemClock.sleep(2_100);
  const first = await measure(() => checkpoint(ports));
  const firstFloor = await measure(floor);
  await checkpoint(ports);
  floor();
  const ours: number[] = [];
  const unchanged: number[] = [];
  const floors: number[] = [];
  const statuses: number[] = [];
  let phases: Readonly<Record<string, number>> = {};
  for (let round = 0; round < rounds; round++) {
    edit(paths, round);
    const took = await measure(async () => {
      phases = (await checkpoint(ports)).phasesMs;
    });
    ours.push(took);
    floors.push(await measure(floor));
    await systemClock.sleep(2_100);
    await checkpoint(ports);
    unchanged.push(await measure(() => checkpoint(ports)));
    statuses.push(await measure(() => git(['-C', root(), 'status', '--porcelain'])));
  }
  await ports.checkpoints.close();
  const best = Math.min(...ours);
  const bestFloor = Math.min(...floors);
  say('files, edited', `${files}, ${Math.round(files * editedShare)}`);
  say('first checkpoint, floor', `${ms(first)}, ${ms(firstFloor)}`);
  say('checkpoint', `${ms(best)} (phases of the last, cumulated: ${JSON.stringify(phases)})`);
  say('git floor', ms(bestFloor));
  say('ratio', (best / bestFloor).toFixed(2));
  say('no change', ms(Math.min(...unchanged)));
  say('git status', ms(Math.min(...statuses)));
  say('memory', `${Math.round(process.memoryUsage().rss / 1e6)} MB`);
}

function root(): string {
  return join(place, 'project');
}

function floorDir(): string {
  return join(place, 'floor.git');
}

function makeTree(): string[] {
  const paths: string[] = [];
  for (let i = 0; i < files; i++) {
    const dir = join(root(), `d${i % 40}`, `s${Math.floor(i / 40) % Math.max(1, Math.ceil(files / 800))}`);
    mkdirSync(dir, { recursive: true });
    const path = join(dir, `file${i}.ts`);
    writeFileSync(path, `// ${i}\n${randomBytes(200 + (i % 1500)).toString('base64')}\n`);
    paths.push(path);
  }
  return paths;
}

function edit(paths: readonly string[], round: number): void {
  const count = Math.round(files * editedShare);
  for (let i = 0; i < count; i++) {
    appendFileSync(paths[(i * 97 + round * 13) % paths.length] ?? '', `// round ${round}\n`);
  }
}

function openPorts(): CheckpointPorts {
  const dataDir = join(place, 'data');
  mkdirSync(dataDir);
  const userGit = openUserGit({ root: root() });
  return {
    store: openMemoryStore(),
    checkpoints: openGitCheckpoints({ path: join(dataDir, 'store.git') }),
    tree: openWorkTree({ root: root(), dataDir, ignored: (nested) => userGit.ignored(nested) }),
    git: userGit,
    clock: systemClock,
    ids: randomIds,
    log: silentLog,
    project: { id: 'pbench', name: 'bench' },
    program: 'bench',
    schema: 1,
  };
}

function checkpoint(ports: CheckpointPorts): ReturnType<typeof createCheckpoint> {
  return createCheckpoint(ports, { trigger: 'manual', createdBy: 'bench' });
}

function floor(): void {
  const own = [`--git-dir=${floorDir()}`, `--work-tree=${root()}`];
  git([...own, 'add', '-A']);
  const tree = git([...own, 'write-tree']);
  const commit = git([...own, 'commit-tree', '-m', 'floor', tree]);
  git([...own, 'update-ref', 'refs/heads/floor', commit]);
}

function git(args: readonly string[]): string {
  const identity = {
    GIT_AUTHOR_NAME: 'b',
    GIT_AUTHOR_EMAIL: 'b@b',
    GIT_COMMITTER_NAME: 'b',
    GIT_COMMITTER_EMAIL: 'b@b',
  };
  const done = spawnSync('git', args, { cwd: root(), env: { ...process.env, ...identity } });
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
