import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CaseProject } from '../../rig/case-project.ts';

const isRoot = process.getuid?.() === 0;

describe('names', () => {
  it('13. 15. of any bytes that Linux takes come back, also those that git or Windows would not', async () => {
    await using project = await CaseProject.make();
    const names = [
      'new\nline',
      'tab\tin',
      ' leading',
      'trailing ',
      'quote"in',
      "apostrophe'",
      'back\\slash',
      '-dash',
      '--',
      ':(top)x',
      ':!exclude',
      '*.c',
      '[a]',
      '?',
      '#hash',
      '!not',
      '~',
      '$(touch ran)',
      '%s%n',
      '\xff\xfe',
      '\xc3\x28 not UTF-8',
      'n'.repeat(255),
      Buffer.from('é', 'utf8').toString('latin1'),
      Buffer.from('e\u0301', 'utf8').toString('latin1'),
      Buffer.from('.g\u200cit', 'utf8').toString('latin1'),
      Buffer.from('\u202egnp.exe', 'utf8').toString('latin1'),
      '.GIT',
      '.Git ',
      'git~1',
      'GIT~2',
      '.git:stream',
      '.git\\x',
      '.git.',
      '...',
      '.. ',
      'CON',
      'aux.txt',
      'dot.',
      'space ',
      'a:b',
      '.codeframe-name-2e676974',
      '\x01\x1b[31m',
      '.gitmodules',
      '.gitattributes',
    ];
    for (const name of names) {
      project.write(`files/${name}`, `file ${name}`);
      project.write(`directories/${name}/${name}`, `nested ${name}`);
      project.link('somewhere', `links/${name}`);
    }
    const id = await project.comesBack(() => {
      for (const name of names) {
        project.write(`files/${name}`, 'edited');
        project.remove(`directories/${name}`);
        project.remove(`links/${name}`);
        project.write(`links/${name}`, 'a file now');
      }
      project.remove('links/git~1');
    });
    expect(await project.uncovered(id)).toEqual([]);
    expect((await project.handle.previewRestore(id)).changes.length).toBe(names.length * 3);
  });

  it('13. longer than a path may be are listed, and outlive every restore', async () => {
    await using project = await CaseProject.make({ git: false });
    project.write('file', 'one');
    const before = await project.checkpoint();
    // 30 directories of 200 bytes: 6,000 bytes, more than one system call takes.
    const name = 'd'.repeat(200);
    const inside = (script: string): string =>
      execFileSync('bash', ['-c', script], { cwd: project.root }).toString();
    inside(`for i in {1..30}; do mkdir ${name}; cd -P ${name} 2>&-; done; echo deep > file`);
    try {
      const id = await project.checkpoint();
      expect((await project.uncovered(id)).map(([, reason]) => reason)).toContain('unreadable');
      project.write('file', 'two');
      await project.restore(id);
      expect(readFileSync(project.path('file'), 'utf8')).toBe('one');
      await project.restore(before);
      await project.undo();
      expect(inside(`for i in {1..30}; do cd -P ${name} 2>&-; done; cat file`)).toBe('deep\n');
    } finally {
      inside(`rm -rf ${name}`);
    }
  });
});

describe('modes', () => {
  it('16. 17. 18. every permission bit of files and directories, and nothing else, comes back', async () => {
    await using project = await CaseProject.make();
    const modes = [0o600, 0o400, 0o444, 0o644, 0o664, 0o755, 0o4755, 0o2755, 0o1644, 0o777, 0o000];
    for (const mode of modes) {
      project.write(`file-${mode.toString(8)}`, 'same', mode);
      project.write(`edited-${mode.toString(8)}`, 'one', mode);
      project.write(`in-${mode.toString(8)}/file`, 'same');
      chmodSync(project.path(`in-${mode.toString(8)}`), mode | 0o700);
    }
    project.commit();
    await project.comesBack(() => {
      for (const mode of modes) {
        chmodSync(project.path(`file-${mode.toString(8)}`), mode ^ 0o111);
        project.remove(`edited-${mode.toString(8)}`);
        project.write(`edited-${mode.toString(8)}`, 'two', 0o640);
        chmodSync(project.path(`in-${mode.toString(8)}`), (mode ^ 0o055) | 0o700);
      }
    });
  });

  it('19. under umask 077, and nothing of ours is open to others', async () => {
    const umask = process.umask(0o077);
    try {
      await using project = await CaseProject.make();
      project.write('file', 'one', 0o644);
      project.write('dir/script', 'one', 0o755);
      chmodSync(project.path('dir'), 0o775);
      await project.comesBack(() => {
        project.remove('dir');
        project.write('file', 'two');
      });
    } finally {
      process.umask(umask);
    }
  });

  it.runIf(isRoot)(
    '20. (as root) files keep their owner and group, replaced, brought back or untouched',
    async () => {
      await using project = await CaseProject.make();
      const [uid, gid] = [12_345, 23_456];
      for (const name of ['untouched', 'edited', 'deleted', 'dir/deleted'])
        project.write(name, 'one', 0o4755);
      project.write('other/file', 'one');
      for (const name of ['.', 'untouched', 'edited', 'deleted', 'dir', 'dir/deleted'])
        chownSync(project.path(name), uid, gid);
      for (const name of ['untouched', 'edited', 'deleted']) chmodSync(project.path(name), 0o4755);
      await project.comesBack(() => {
        project.write('edited', 'two');
        project.remove('deleted');
        project.remove('dir');
        project.write('other/file', 'two');
      });
      await project.restore('latest');
      const owner = (name: string): readonly number[] => {
        const stats = lstatSync(project.path(name));
        return [stats.uid, stats.gid];
      };
      for (const name of ['untouched', 'edited']) expect(owner(name), name).toEqual([uid, gid]);
      expect(owner('other/file')).toEqual([0, 0]);
    },
  );

  it.runIf(spawnSync('setfattr', ['--version']).status === 0)(
    '20. extended attributes of untouched files stay',
    async () => {
      await using project = await CaseProject.make();
      project.write('untouched', 'one');
      project.write('edited', 'one');
      execFileSync('setfattr', ['-n', 'user.mine', '-v', 'yes', project.path('untouched')]);
      await project.comesBack(() => project.write('edited', 'two'));
      const got = execFileSync('getfattr', ['-n', 'user.mine', '--only-values', project.path('untouched')]);
      expect(got.toString()).toBe('yes');
    },
  );
});

describe('directories and links between files', () => {
  it('21. empty directories, and one in which a process stands, come and go', async () => {
    await using project = await CaseProject.make();
    mkdirSync(project.path('empty/a/b'), { recursive: true });
    project.write('emptied/file', 'one');
    mkdirSync(project.path('filled'));
    const standing = spawn('sleep', ['600'], { cwd: project.path('empty/a/b') });
    try {
      await project.comesBack(() => {
        project.remove('empty');
        project.remove('emptied/file');
        project.write('filled/file', 'new');
        mkdirSync(project.path('new/dir'), { recursive: true });
      });
      const id = await project.checkpoint();
      mkdirSync(project.path('newer'));
      const stander = spawn('sleep', ['600'], { cwd: project.path('newer') });
      await project.restore(id);
      expect(existsSync(project.path('newer'))).toBe(false);
      expect(stander.exitCode).toBeNull();
      const ended = once(stander, 'exit');
      stander.kill();
      await ended;
    } finally {
      const ended = once(standing, 'exit');
      standing.kill();
      await ended;
    }
  });

  it('22. a restore writes into no hard link: the other name, inside or outside, keeps its bytes', async () => {
    await using project = await CaseProject.make();
    project.write('one', 'saved');
    linkSync(project.path('one'), project.path('two'));
    linkSync(project.path('one'), `${project.place}/outside`);
    project.write('mode', 'saved', 0o644);
    await project.comesBack(() => writeFileSync(project.path('one'), 'edited through one name'));
    const id = await project.checkpoint();
    project.remove('one');
    project.write('one', 'apart');
    await project.restore(id);
    expect(readFileSync(`${project.place}/outside`, 'utf8')).toBe('edited through one name');
    await project.restore('latest');
    expect(readFileSync(`${project.place}/outside`, 'utf8')).toBe('edited through one name');
  });
});

describe('hard links', () => {
  it('22. of which only the mode changed come back, and a name that is ignored or outside keeps its mode', async () => {
    await using project = await CaseProject.make();
    project.write('.gitignore', 'ignored\n');
    for (const name of ['one', 'apart']) project.write(name, 'same', 0o644);
    linkSync(project.path('one'), project.path('two'));
    project.write('private', 'same', 0o600);
    await project.comesBack(() => {
      chmodSync(project.path('one'), 0o755);
      // As a program does that saves space.
      project.remove('private');
      linkSync(project.path('apart'), project.path('private'));
    });
    const id = await project.checkpoint();
    linkSync(project.path('one'), project.path('ignored'));
    linkSync(project.path('one'), `${project.place}/outside`);
    chmodSync(project.path('one'), 0o700);
    await project.restore(id);
    expect(project.facts().get('one')).toContain('file 755');
    for (const name of ['ignored', '../outside'])
      expect(lstatSync(project.path(name)).mode & 0o777, name).toBe(0o700);
  });
});

describe('sizes', () => {
  it('23. empty, sparse, over the budget and over 4 GB', async () => {
    await using project = await CaseProject.make();
    project.write('empty');
    project.write('sparse');
    truncateSync(project.path('sparse'), 20_000_000);
    project.write('huge');
    truncateSync(project.path('huge'), 5_000_000_000);
    project.write('budget');
    truncateSync(project.path('budget'), 50 * 1024 * 1024 + 1);
    const id = await project.checkpoint();
    expect(await project.uncovered(id)).toEqual([
      ['budget', 'over-budget'],
      ['huge', 'over-budget'],
    ]);
    project.write('empty', 'no more');
    truncateSync(project.path('sparse'), 0);
    await project.restore(id);
    expect(lstatSync(project.path('sparse')).size).toBe(20_000_000);
    expect(lstatSync(project.path('empty')).size).toBe(0);
    expect(lstatSync(project.path('huge')).size).toBe(5_000_000_000);
  });

  it('23. 500 directories deep', async () => {
    await using project = await CaseProject.make({ git: false });
    const deep = Array.from({ length: 500 }, () => 'd').join('/');
    project.write(`${deep}/file`, 'one');
    const before = project.facts();
    const id = await project.checkpoint();
    project.remove('d');
    await project.restore(id);
    expect(project.facts()).toEqual(before);
  });

  it('23. 2,000 files in one directory', async () => {
    await using project = await CaseProject.make({ git: false });
    mkdirSync(project.path('many'));
    for (let i = 0; i < 2_000; i++) writeFileSync(project.path(`many/${i}`), '');
    await project.comesBack(() => {
      for (let i = 0; i < 20; i++) project.write(`many/${i * 97}`, 'edited');
    });
  });
});
