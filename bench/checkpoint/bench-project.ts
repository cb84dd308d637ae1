import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { openUserGit } from '../../src/adapters/user-git/git-user-repository.ts';
import { openWorkTree } from '../../src/adapters/work-tree/fs-work-tree.ts';
import type { CheckpointSpace } from '../../src/checkpoint/checkpoint-space.ts';
import type { CheckpointStore } from '../../src/checkpoint/checkpoint-store.ts';
import { createCheckpoint, type CheckpointPorts } from '../../src/checkpoint/create-checkpoint.ts';
import { silentLog } from '../../src/log.ts';
import { item, step, task } from '../../test/conformance/store-rows.ts';

/** A tree of files in a git repository, with tasks, steps and memory, and what is measured on it. */
export class BenchProject {
  readonly place: string;
  readonly root: string;
  readonly #dataDir: string;
  readonly #floorDir: string;
  readonly #paths: string[] = [];
  #edits = 0;
  ports!: CheckpointPorts & { readonly checkpoints: CheckpointStore & CheckpointSpace };

  private constructor(place: string, state = 'data') {
    this.place = place;
    this.root = join(place, 'project');
    this.#dataDir = join(place, state);
    this.#floorDir = join(place, 'floor.git');
  }

  static async create(files: number): Promise<BenchProject> {
    const project = new BenchProject(realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-bench-'))));
    project.#makeTree(files);
    project.git(['init', '-q', project.root]);
    // Nothing of git's own is to run beside what is measured.
    project.git(['config', 'gc.auto', '0']);
    project.git(['add', '-A']);
    project.git(['commit', '-q', '-m', 'all']);
    project.git(['init', '-q', '--bare', project.#floorDir]);
    mkdirSync(project.#dataDir);
    await project.#open();
    await project.#fillStore();
    return project;
  }

  /** One that another process has made, which takes it away, too. `state`: the directory of what is known of it. */
  static async open(place: string, state: string): Promise<BenchProject> {
    const project = new BenchProject(place, state);
    mkdirSync(project.#dataDir, { recursive: true });
    await project.#open();
    return project;
  }

  async close(): Promise<void> {
    this.ports.tree.close?.();
    await this.ports.checkpoints.close();
    await this.ports.store.close();
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.place, { recursive: true, force: true });
  }

  /** Answers how long the agents were held, and the phases, cumulated, in ms. */
  async checkpoint(options: { readonly byFeed?: boolean } = {}): Promise<{
    readonly heldMs: number;
    readonly phasesMs: Readonly<Record<string, number>>;
  }> {
    let heldMs = 0;
    const began = performance.now();
    const release = (): number => (heldMs ||= Math.round(performance.now() - began));
    const request = {
      trigger: options.byFeed === true ? 'interval' : 'manual',
      createdBy: 'bench',
      hold: async () => ({ release }),
    } as const;
    const { phasesMs } = await createCheckpoint(this.ports, request);
    return { heldMs, phasesMs };
  }

  /** git's own way to a commit of the tree, with a warm index of its own; it syncs nothing. */
  floor(): void {
    const own = [`--git-dir=${this.#floorDir}`, `--work-tree=${this.root}`];
    this.git([...own, 'add', '-A']);
    const tree = this.git([...own, 'write-tree']);
    const commit = this.git([...own, 'commit-tree', '-m', 'floor', tree]);
    this.git([...own, 'update-ref', 'refs/heads/floor', commit]);
  }

  /** A commit after the one before, in the repository of the floor. */
  commitAside(): void {
    const own = [`--git-dir=${this.#floorDir}`, `--work-tree=${this.root}`];
    this.git([...own, 'add', '-A']);
    this.git([...own, 'commit', '-q', '-m', 'edits']);
  }

  /** What all of its objects take once git has packed them, in bytes. */
  sizeAside(): number {
    this.git([`--git-dir=${this.#floorDir}`, 'gc', '-q', '--prune=now']);
    return readdirSync(join(this.#floorDir, 'objects'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  }

  edit(count: number): void {
    this.#edits += 1;
    for (let i = 0; i < count; i++) {
      const path = this.#paths[(i * 97 + this.#edits * 13) % this.#paths.length] ?? '';
      appendFileSync(path, `// edit ${this.#edits}\n`);
    }
  }

  git(args: readonly string[]): string {
    return runProgram('git', args, { cwd: this.root });
  }

  #makeTree(files: number): void {
    const folders = Math.max(1, Math.ceil(files / 800));
    for (let i = 0; i < files; i++) {
      const dir = join(this.root, `d${i % 40}`, `s${Math.floor(i / 40) % folders}`);
      if (i < 40 * folders) mkdirSync(dir, { recursive: true });
      const path = join(dir, `file${i}.ts`);
      writeFileSync(path, `// ${i}\n${randomBytes(200 + (i % 1500)).toString('base64')}\n`);
      this.#paths.push(path);
    }
  }

  async #open(): Promise<void> {
    const { root } = this;
    const dataDir = this.#dataDir;
    const userGit = openUserGit({ root });
    const store = await openSqliteStore({
      path: join(dataDir, 'state.db'),
      backupsDir: join(dataDir, 'backups'),
    });
    this.ports = {
      store,
      checkpoints: openGitCheckpoints({ path: join(dataDir, 'store.git') }),
      tree: openWorkTree({
        root,
        dataDir,
        ignored: (nested) => userGit.ignored(nested),
        ignoredBy: () => userGit.ignoredBy(),
      }),
      git: userGit,
      clock: systemClock,
      ids: randomIds,
      log: silentLog,
      project: { id: 'pbench', name: 'bench' },
      program: 'bench',
      schema: 1,
    };
  }

  /** What a day's work of one agent leaves. */
  async #fillStore(): Promise<void> {
    await this.ports.store.write(async (tx) => {
      for (let id = 1; id <= 50; id++) await tx.insert('tasks', task({ id }));
      for (let seq = 1; seq <= 1000; seq++) {
        await tx.insert('steps', step({ seq }));
        await tx.insert('context_items', item({ seq, text: `what was said ${seq}\n`.repeat(40) }));
      }
    });
  }
}

/** Runs a program to its end; answers what it printed. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): string {
  const identity = {
    GIT_AUTHOR_NAME: 'b',
    GIT_AUTHOR_EMAIL: 'b@b',
    GIT_COMMITTER_NAME: 'b',
    GIT_COMMITTER_EMAIL: 'b@b',
  };
  const env = { ...process.env, ...identity, ...options.env };
  const done = spawnSync(program, args, { cwd: options.cwd, env, maxBuffer: 64 * 1024 * 1024 });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(done.stderr)}`);
  return done.stdout.toString().trim();
}
