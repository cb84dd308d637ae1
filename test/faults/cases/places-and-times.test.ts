import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProject } from '../../../src/main.ts';
import { CaseProject } from '../../rig/case-project.ts';

const mayMount = canMount();

describe('restores that follow each other', () => {
  it('59. to where one is already changes no file, not its time, not its inode', async () => {
    await using project = await CaseProject.make();
    for (const name of ['file', 'dir/file']) project.write(name, 'one');
    project.link('file', 'link');
    const id = await project.checkpoint();
    const stats = (): unknown =>
      ['file', 'dir', 'dir/file', 'link'].map((name) => {
        const { ino, mtimeMs, ctimeMs } = lstatSync(project.path(name));
        return { name, ino, mtimeMs, ctimeMs };
      });
    const before = stats();
    await project.restore(id);
    await project.restore(id);
    expect(stats()).toEqual(before);
    project.write('dir/file', 'two');
    await project.restore(id);
    const untouched = (all: unknown): unknown[] => (all as unknown[]).filter((_, index) => index % 3 === 0);
    expect(untouched(stats())).toEqual(untouched(before));
  });

  it('59. old, then new, then old again', async () => {
    await using project = await CaseProject.make();
    const states = [];
    for (const text of ['one', 'two', 'three']) {
      project.write('file', text);
      project.write(`only-${text}`, text);
      states.push({ id: await project.checkpoint(), facts: project.facts() });
    }
    for (const index of [0, 2, 1, 0, 0, 2]) {
      const state = states[index];
      if (state === undefined) continue;
      await project.restore(state.id);
      expect(project.facts()).toEqual(state.facts);
    }
  });

  it('60. from a store of which a part is gone: refused up front with the part named, nothing changed', async () => {
    await using project = await CaseProject.make();
    project.write('dir/file', 'x'.repeat(1_000));
    const id = await project.checkpoint();
    project.write('dir/file', 'two');
    const now = project.facts();
    await project.reopen();
    const packs = join(project.handle.dataDir, 'store.git/objects/pack');
    for (const name of readdirSync(packs).filter((one) => one.endsWith('.pack'))) {
      const bytes = readFileSync(join(packs, name));
      execFileSync('chmod', ['u+w', join(packs, name)]);
      truncateSync(join(packs, name), bytes.length - 30);
    }
    await expect(project.restore(id)).rejects.toMatchObject({
      failure: { code: expect.stringMatching(/^corrupt-/) as string },
    });
    expect(project.facts()).toEqual(now);
  });
});

describe('times', () => {
  it('61. far past, before 1970, far ahead, and of no use: every edit is seen', async () => {
    await using project = await CaseProject.make();
    const times: Readonly<Record<string, number>> = {
      old: -86_400,
      zero: 0,
      ahead: 4_000_000_000,
      far: 2 ** 33,
    };
    for (const [name, seconds] of Object.entries(times)) {
      project.write(name, 'one');
      utimesSync(project.path(name), seconds, seconds);
    }
    await project.checkpoint();
    await project.comesBack(() => {
      for (const [name, seconds] of Object.entries(times)) {
        project.write(name, 'two');
        utimesSync(project.path(name), seconds, seconds);
      }
    });
  });
});

describe('places', () => {
  it('62. the project’s path is a link, moves between checkpoint and restore, and is named by another path', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    const id = await project.checkpoint();
    project.write('file', 'two');
    symlinkSync(project.root, `${project.place}/link`);
    await project.reopen({}, `${project.place}/link`);
    await project.restore(id);
    expect(readFileSync(project.path('file'), 'utf8')).toBe('one');
    await project.undo();
    renameSync(project.root, `${project.place}/moved`);
    await project.reopen({}, `${project.place}/moved`);
    await project.restore(id);
    expect(readFileSync(`${project.place}/moved/file`, 'utf8')).toBe('one');
    expect(existsSync(project.root)).toBe(false);
  });

  it.runIf(mayMount)(
    '62. (needs mount) another file system inside: its files come back, and it is not torn away',
    async () => {
      await using project = await CaseProject.make();
      project.write('file', 'one');
      const without = await project.checkpoint();
      mkdirSync(project.path('mount'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', project.path('mount')]);
      try {
        project.write('mount/file', 'one');
        project.write('mount/dir/file', 'one');
        await project.comesBack(() => {
          project.write('file', 'two');
          project.write('mount/file', 'two');
          project.remove('mount/dir');
          renameSync(project.path('mount/file'), project.path('mount/new'));
        });
        const now = project.facts();
        await expect(project.restore(without)).rejects.toMatchObject({
          failure: { code: expect.stringMatching(/^(restore-blocked|input-output)$/) as string },
        });
        expect(project.facts()).toEqual(now);
      } finally {
        execFileSync('umount', [project.path('mount')]);
      }
    },
  );

  it.runIf(mayMount)(
    '62. (needs mount) on overlayfs, where a first write gives a file another inode',
    async () => {
      const place = mkdtempSync(join(tmpdir(), 'codeframe-overlay-'));
      await using project = await CaseProject.make({ git: false });
      for (const name of ['file', 'dir/file', 'kept']) project.write(name, 'one');
      const dirs = ['upper', 'work', 'merged'].map((name) => join(place, name));
      for (const dir of dirs) mkdirSync(dir);
      const [upper = '', work = '', merged = ''] = dirs;
      const options = `lowerdir=${project.root},upperdir=${upper},workdir=${work}`;
      if (spawnSync('mount', ['-t', 'overlay', '-o', options, 'overlay', merged]).status !== 0) {
        console.log('no overlayfs here');
        rmSync(place, { recursive: true });
        return;
      }
      try {
        // Another project with the same files, on the other file system.
        rmSync(join(merged, '.codeframe'), { recursive: true });
        await using over = await createProject(merged);
        const { id } = await over.createCheckpoint();
        for (const name of ['file', 'dir/file']) writeFileSync(join(merged, name), 'two');
        rmSync(join(merged, 'dir'), { recursive: true });
        await over.restore(id);
        for (const name of ['file', 'dir/file', 'kept'])
          expect(readFileSync(join(merged, name), 'utf8')).toBe('one');
        await over.undo();
        expect(readFileSync(join(merged, 'file'), 'utf8')).toBe('two');
        expect(existsSync(join(merged, 'dir'))).toBe(false);
      } finally {
        execFileSync('umount', ['-l', merged]);
        rmSync(place, { recursive: true, force: true });
      }
    },
  );

  it('63. / and the home directory are refused', async () => {
    const { HOME } = process.env;
    const home = mkdtempSync(join(tmpdir(), 'codeframe-home-'));
    process.env['HOME'] = home;
    process.env['CODEFRAME_HOME'] = join(home, '.codeframe');
    try {
      for (const dir of ['/', home]) {
        await expect(createProject(dir)).rejects.toMatchObject({ failure: { code: 'unsafe-directory' } });
      }
      expect(readdirSync(home)).toEqual([]);
    } finally {
      process.env['HOME'] = HOME;
      rmSync(home, { recursive: true });
    }
  });

  it('67. no file at all, and no git', async () => {
    await using project = await CaseProject.make({ git: false });
    const id = await project.comesBack(() => project.write('file', 'new'));
    await project.restore(id);
    rmSync(project.root, { recursive: true });
    mkdirSync(project.root);
    await project.reopen();
    await project.restore(id);
    expect(readdirSync(project.root)).toEqual(['.codeframe']);
  });
});

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const dir = mkdtempSync(join(tmpdir(), 'codeframe-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]).status === 0;
  if (mounted) spawnSync('umount', [dir]);
  rmSync(dir, { recursive: true });
  return mounted;
}
