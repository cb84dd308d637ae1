import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CaseProject } from '../../rig/case-project.ts';

/** Another text of the same size, with the old times: what git's own look at a file misses. */
function editUnseen(project: CaseProject, name: string): void {
  const { atime, mtime } = lstatSync(project.path(name));
  const text = readFileSync(project.path(name), 'latin1');
  writeFileSync(
    project.path(name),
    text.replace(/[a-z]/, (letter) => (letter === 'z' ? 'y' : 'z')),
  );
  utimesSync(project.path(name), atime, mtime);
}

describe('an edit is seen', () => {
  it('1. 2. of the same size, with its time set back, by touch, cp -p and tar', async () => {
    await using project = await CaseProject.make();
    for (const name of ['touched', 'copied', 'unpacked']) project.write(name, `text of ${name}`);
    project.commit();
    await project.comesBack(() => {
      editUnseen(project, 'touched');
      project.write('../copied', 'text of cOpied');
      execFileSync('touch', ['-r', project.path('copied'), project.path('../copied')]);
      execFileSync('cp', ['-p', project.path('../copied'), project.path('copied')]);
      const pack = `tar -c --mtime=@1000000000 unpacked | tar -x -C '${project.root}'`;
      writeFileSync(project.path('../unpacked'), 'text of uNpacked');
      execFileSync('sh', ['-c', pack], { cwd: project.place });
    });
  });

  it('3. whatever the user’s git is told not to look at', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.write('script', 'two', 0o755);
    project.commit();
    for (const [key, value] of [
      ['core.ignoreStat', 'true'],
      ['core.trustctime', 'false'],
      ['core.checkStat', 'minimal'],
      ['core.fileMode', 'false'],
    ] as const) {
      project.git('config', key, value);
    }
    await project.comesBack(() => {
      editUnseen(project, 'file');
      chmodSync(project.path('script'), 0o644);
    });
  });

  it('4. of a file marked assume-unchanged or skip-worktree', async () => {
    await using project = await CaseProject.make();
    for (const name of ['assumed', 'skipped']) project.write(name, 'one');
    project.commit();
    project.git('update-index', '--assume-unchanged', 'assumed');
    project.git('update-index', '--skip-worktree', 'skipped');
    await project.comesBack(() => {
      for (const name of ['assumed', 'skipped']) editUnseen(project, name);
    });
  });

  it.each([
    ['split', ['update-index', '--split-index']],
    ['version 4', ['update-index', '--index-version', '4']],
    ['untracked cache', ['update-index', '--force-untracked-cache']],
    ['sparse', ['sparse-checkout', 'init', '--cone', '--sparse-index']],
  ])('5. with a %s index, which stays as it is', async (_, command) => {
    await using project = await CaseProject.make();
    for (const name of ['file', 'dir/file', 'dir/more']) project.write(name, 'one');
    project.commit();
    project.git(...command);
    project.git('status');
    const index = readFileSync(project.path('.git/index'));
    project.write('dir/new', 'new');
    await project.comesBack(() => {
      editUnseen(project, 'file');
      project.remove('dir');
    });
    expect(readFileSync(project.path('.git/index')).equals(index)).toBe(true);
  });

  it('6. when the index is missing, is noise, or is cut short', async () => {
    await using project = await CaseProject.make();
    project.write('.gitignore', 'ignored\n');
    project.write('file', 'one');
    project.commit();
    project.write('ignored', 'kept out');
    const index = readFileSync(project.path('.git/index'));
    for (const bytes of [null, Buffer.from('noise'), index.subarray(0, 40), Buffer.alloc(0)]) {
      if (bytes === null) rmSync(project.path('.git/index'));
      else writeFileSync(project.path('.git/index'), bytes);
      const id = await project.comesBack(() => editUnseen(project, 'file'));
      expect(await project.uncovered(id)).toContainEqual(['ignored', 'ignored']);
      if (bytes === null) expect(existsSync(project.path('.git/index'))).toBe(false);
      else expect(readFileSync(project.path('.git/index')).equals(bytes)).toBe(true);
    }
  });

  it('7. while index.lock is there, of a live git or a dead one, which stays as it is', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.commit();
    writeFileSync(project.path('.git/index.lock'), 'half an index');
    await project.comesBack(() => editUnseen(project, 'file'));
    expect(readFileSync(project.path('.git/index.lock'), 'utf8')).toBe('half an index');
  });

  it('8. past locks and unfinished objects of our own whose process is dead', async () => {
    await using project = await CaseProject.make({ git: false });
    project.write('file', 'one');
    const first = await project.checkpoint();
    const store = `${project.handle.dataDir}/store.git`;
    const old = new Date(Date.now() - 60_000);
    for (const name of ['incoming-999999-1', 'packed-refs.lock', `refs/checkpoints/${first}.lock`]) {
      writeFileSync(`${store}/${name}`, '');
      utimesSync(`${store}/${name}`, old, old);
    }
    await project.comesBack(() => editUnseen(project, 'file'));
    expect(existsSync(`${store}/incoming-999999-1`)).toBe(false);
  });
});
