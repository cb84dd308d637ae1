import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGitCheckpoints } from '../../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openSqliteStore } from '../../../src/adapters/store-sqlite/sqlite-store.ts';
import { createProject } from '../../../src/main.ts';
import { bundleFixture } from '../../rig/bundle.ts';
import { CaseProject, runGit } from '../../rig/case-project.ts';
import { until } from '../../rig/scene.ts';

describe('at the same time', () => {
  it('40. two worktrees of one repository are captured: both whole, each with a ref of its own', async () => {
    await using project = await CaseProject.make();
    for (let i = 0; i < 20; i++) project.write(`file${i}`, `${i}`);
    project.commit();
    const other = `${project.place}/other`;
    project.git('worktree', 'add', '-q', other, '-b', 'other');
    writeFileSync(`${other}/file0`, 'in the other');
    await using second = await createProject(other);
    const made = await Promise.all(
      [project.handle, second, project.handle, second, project.handle, second].map((handle) =>
        handle.createCheckpoint(),
      ),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(6);
    const refs = project.git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/codeframe');
    for (const { id } of made) expect(refs).toContain(id);
    for (const handle of [project.handle, second]) {
      for (const checked of await handle.verify()) expect(checked.problem).toBeNull();
    }
    writeFileSync(`${other}/file0`, 'edited');
    await second.restore(made[1]?.id ?? '');
    expect(readFileSync(`${other}/file0`, 'utf8')).toBe('in the other');
    expect(readFileSync(project.path('file0'), 'utf8')).toBe('0');
  });

  it('64. git gc --prune=now runs in the user’s repository without an end', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.commit();
    const heads = [];
    for (let i = 0; i < 4; i++) {
      project.write('file', `state ${i}`);
      project.git('-c', 'gc.auto=0', 'commit', '-q', '-am', `state ${i}`);
      heads.push(project.git('rev-parse', 'HEAD').trim());
      // Not beside the user's own commits: git itself loses what it is writing to a gc that prunes at once.
      const gc = shell(
        'trap "exit 0" TERM; while :; do git gc -q --prune=now; git reflog expire --expire=now --all; done',
        project.root,
      );
      try {
        await project.comesBack(() => project.write('file', 'edited'));
        await project.restore('latest');
      } finally {
        await finish(gc);
      }
      project.git('reset', '-q', '--hard', 'HEAD~1');
    }
    project.git('gc', '-q', '--prune=now');
    for (const head of heads) expect(project.git('cat-file', '-t', head)).toBe('commit\n');
  });

  it('65. two agents in one tree: the files of one go back, those of the other stay', async () => {
    await using project = await CaseProject.make();
    for (const name of ['a/mine', 'b/theirs', 'both']) project.write(name, 'saved');
    const id = await project.checkpoint();
    for (const name of ['a/mine', 'b/theirs', 'both']) project.write(name, 'by its agent');
    project.write('a/new', 'by its agent');
    const now = project.facts();
    await project.handle.restore(id, { paths: ['a'] });
    expect(readFileSync(project.path('a/mine'), 'utf8')).toBe('saved');
    expect(existsSync(project.path('a/new'))).toBe(false);
    for (const name of ['b/theirs', 'both'])
      expect(readFileSync(project.path(name), 'utf8'), name).toBe('by its agent');
    await project.undo();
    expect(project.facts()).toEqual(now);
  });

  it('66. another program commits without an end: every checkpoint has a whole index, every commit works', async () => {
    await using project = await CaseProject.make();
    for (let i = 0; i < 50; i++) project.write(`file${i}`, `${i}`);
    project.commit();
    const settings = '-c user.name=t -c user.email=t@t -c gc.auto=0';
    const failed = `${project.place}/failed`;
    const commits = shell(
      `i=0; while :; do i=$((i+1)); echo $i > file7; echo $i > new$((i % 5)); git add -A && git ${settings} commit -q -m $i || { echo $i >> '${failed}'; exit; }; done`,
      project.root,
    );
    const ids: string[] = [];
    try {
      const before = project.git('rev-list', '--count', 'HEAD');
      for (let i = 0; i < 5; i++) ids.push(await project.checkpoint());
      await until('a commit', async () => project.git('rev-list', '--count', 'HEAD') !== before);
      ids.push(await project.checkpoint());
    } finally {
      await stop(commits);
    }
    expect(existsSync(failed)).toBe(false);
    const checkpoints = openGitCheckpoints({ path: join(project.handle.dataDir, 'store.git') });
    for (const id of ids) {
      const stored = await checkpoints.open(id);
      writeFileSync(`${project.place}/index`, await stored.part('git/index'));
      const listed = runGit(project.root, ['--work-tree=.', 'ls-files', '--stage'], {
        GIT_INDEX_FILE: `${project.place}/index`,
      });
      expect(listed.split('\n').length).toBeGreaterThan(50);
      expect(stored.manifest.git?.head).toMatch(/^[0-9a-f]{40}$/);
      await checkpoints.verify(id);
    }
    await checkpoints.close();
    project.git('fsck', '--strict');
  });

  it('57. a capture that was stopped while another process restored: it is refused, or is whole', async () => {
    const script = await bundleFixture(new URL('../fixtures/stopped-capture.ts', import.meta.url));
    await using project = await CaseProject.make();
    const names = Array.from({ length: 20 }, (_, index) => `file${String(index).padStart(2, '0')}`);
    for (const name of names) project.write(name, 'saved');
    const saved = await project.checkpoint();
    for (const name of names) project.write(name, 'edited');
    await project.handle.close();
    const child = spawn(process.execPath, [script, project.root, 'file10'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, CODEFRAME_HOME: project.home },
    });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const ended = once(child, 'close');
    try {
      await until('the capture to stand still', async () => said.includes('stops'));
      await until('the process to be stopped', async () => stateOf(child.pid) === 'T');
      await project.reopen();
      await letLeaseExpire(project);
      await project.restore(saved);
    } finally {
      child.kill('SIGCONT');
    }
    await ended;
    expect(names.map((name) => readFileSync(project.path(name), 'utf8'))).toEqual(names.map(() => 'saved'));
    console.log(`the capture that was stopped: ${said.trim().split('\n').at(-1)}`);
    // The next owner takes over what is in the store and not in the list.
    await project.checkpoint();
    const rows = await project.handle.checkpoints();
    expect((await project.handle.verify()).filter(({ unlisted }) => unlisted)).toEqual([]);
    for (const { id } of rows) {
      await project.restore(id);
      const texts = new Set(names.map((name) => readFileSync(project.path(name), 'utf8')));
      expect(texts.size, `checkpoint ${id} is of one instant`).toBe(1);
    }
  });
});

/** As if minutes had passed: nobody has to wait for them. */
async function letLeaseExpire(project: CaseProject): Promise<void> {
  const { dataDir } = project.handle;
  const store = await openSqliteStore({
    path: join(dataDir, 'state.db'),
    backupsDir: join(dataDir, 'backups'),
  });
  await store.write((tx) => tx.update('leases', { key: ['runner'], set: { renewedAt: 0, ttlMs: 1 } }));
  await store.close();
}

/** As /proc has it: `T` for a stopped process. */
function stateOf(pid: number | undefined): string {
  return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? '';
}

function shell(script: string, cwd: string): ChildProcess {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
  return spawn('sh', ['-c', script], { cwd, env, stdio: 'ignore', detached: true });
}

/** With the git that it runs. */
/** Lets the command at hand end: a git that is killed leaves its locks. */
async function finish(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}
