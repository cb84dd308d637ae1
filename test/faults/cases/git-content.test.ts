import { existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CaseProject, runGit } from '../../rig/case-project.ts';

describe('attributes and settings of the user’s git', () => {
  it('31. 32. change no byte, also when they change between the checkpoint and its restore', async () => {
    await using project = await CaseProject.make();
    const pointer =
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
    project.write('lf.txt', 'one\ntwo\n');
    project.write('crlf.txt', 'one\r\ntwo\r\n');
    project.write('mixed.txt', 'one\r\ntwo\nthree\r');
    project.write('a.id', '$Id: 0123456789012345678901234567890123456789 $\n$Id$\n');
    project.write('wide.u16', Buffer.from('\ufeffwide\n', 'utf16le'));
    project.write('pointer.lfs', pointer);
    project.write('content.lfs', 'the content itself');
    project.write('filtered.up', 'lower case');
    project.commit();
    for (const [key, value] of [
      ['core.autocrlf', 'true'],
      ['core.safecrlf', 'true'],
      ['core.eol', 'crlf'],
      ['filter.lfs.clean', 'missing-program clean %f'],
      ['filter.lfs.smudge', 'missing-program smudge %f'],
      ['filter.lfs.required', 'true'],
      ['filter.up.clean', 'tr a-z A-Z'],
      ['filter.up.smudge', 'tr a-z A-Z'],
    ] as const) {
      project.git('config', key, value);
    }
    const attributes =
      '*.txt text=auto eol=crlf\n*.id ident\n*.u16 working-tree-encoding=UTF-16LE-BOM\n*.lfs filter=lfs diff=lfs -text\n*.up filter=up\n';
    project.write('.gitattributes', attributes);
    await project.comesBack(() => {
      project.write('.gitattributes', '* binary\n');
      for (const name of ['lf.txt', 'crlf.txt', 'a.id', 'content.lfs', 'filtered.up'])
        project.write(name, 'edited\n');
      project.write('pointer.lfs', 'the content of the pointer');
      project.remove('wide.u16');
    });
    await project.comesBack(() => project.write('.gitattributes', attributes));
  });

  it('33. 50. run nothing: no filter, monitor, hook, pager, include, or other tree', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.write('nested/inner', 'one');
    project.commit();
    const ran = `${project.place}/ran`;
    const program = `${project.place}/program`;
    writeFileSync(program, `#!/bin/sh\necho "$0 $@" >> ${ran}\n`, { mode: 0o755 });
    const hooks = [
      'post-checkout',
      'post-index-change',
      'reference-transaction',
      'pre-commit',
      'pre-auto-gc',
    ];
    for (const hook of hooks)
      project.write(`.git/hooks/${hook}`, `#!/bin/sh\necho ${hook} >> ${ran}\n`, 0o755);
    writeFileSync(
      `${project.place}/included`,
      `[core]\n\tpager = ${program}\n[gc]\n\trecentObjectsHook = ${program}\n`,
    );
    const settings = [
      ['core.fsmonitor', program],
      ['core.hooksPath', '.git/hooks'],
      ['core.worktree', project.place],
      ['core.sshCommand', program],
      ['core.askPass', program],
      ['core.editor', program],
      ['core.alternateRefsCommand', program],
      ['diff.external', program],
      ['filter.evil.clean', program],
      ['filter.evil.smudge', program],
      ['filter.evil.process', program],
      ['gpg.program', program],
      ['credential.helper', program],
      ['alias.ls-files', `!${program}`],
      ['alias.for-each-ref', `!${program}`],
      ['include.path', `${project.place}/included`],
    ] as const;
    // `git config` itself would go by the tree that is named here.
    for (const [key, value] of settings)
      runGit(project.place, ['config', '--file', project.path('.git/config'), key, value]);
    project.write('.gitattributes', '* filter=evil diff=evil\n');
    runGit(project.root, ['init', '-q', 'nested']);
    runGit(project.place, [
      'config',
      '--file',
      project.path('nested/.git/config'),
      'core.fsmonitor',
      program,
    ]);
    await project.comesBack(() => {
      project.write('file', 'two');
      project.write('nested/inner', 'two');
    });
    await project.handle.doctor();
    expect(existsSync(ran) ? readFileSync(ran, 'utf8') : '').toBe('');
  });
});

describe('what is ignored', () => {
  it('34. by any of the places that say so is listed, stays through every restore, and is told apart', async () => {
    await using project = await CaseProject.make();
    project.write('.gitignore', '*.log\n/dist/\n!keep.log\n');
    project.write('src/.gitignore', 'generated\n');
    project.write('src/main', 'one');
    project.write('tracked.log', 'tracked though ignored');
    project.write('keep.log', 'not ignored');
    project.git('add', '-f', 'tracked.log');
    project.commit();
    project.write('.git/info/exclude', 'excluded\n');
    writeFileSync(`${project.place}/global`, 'everywhere\n');
    project.git('config', 'core.excludesFile', `${project.place}/global`);
    for (const name of ['x.log', 'dist/app', 'src/generated', 'excluded', 'src/everywhere'])
      project.write(name, `ignored ${name}`);
    const id = await project.comesBack(() => {
      project.write('src/main', 'two');
      project.write('tracked.log', 'edited');
      project.remove('keep.log');
    });
    expect(await project.uncovered(id)).toEqual([
      ['dist', 'ignored'],
      ['excluded', 'ignored'],
      ['src/everywhere', 'ignored'],
      ['src/generated', 'ignored'],
      ['x.log', 'ignored'],
    ]);
  });

  it('34. newly, or no longer, by an edit of .gitignore that is not committed', async () => {
    await using project = await CaseProject.make();
    project.write('.gitignore', 'old\n');
    project.write('old', 'ignored at first');
    project.write('new', 'covered at first');
    project.commit('the user has it');
    const first = await project.checkpoint();
    project.write('.gitignore', 'new\n');
    project.write('old', 'covered now');
    project.git('rm', '-q', '--cached', 'new');
    project.write('new', 'ignored now');
    const second = await project.checkpoint();
    await project.restore(first);
    expect(readFileSync(project.path('.gitignore'), 'utf8')).toBe('old\n');
    expect(readFileSync(project.path('new'), 'utf8')).toBe('covered at first');
    // Of what was ignored then nobody knows how it was: it stays.
    expect(readFileSync(project.path('old'), 'utf8')).toBe('covered now');
    await project.undo();
    expect(readFileSync(project.path('new'), 'utf8')).toBe('ignored now');
    await project.restore(second);
    expect(readFileSync(project.path('old'), 'utf8')).toBe('covered now');
  });

  it('34. in the way of what a checkpoint has: saved first, whatever kinds meet, and back with undo', async () => {
    await using project = await CaseProject.make();
    project.write('config', 'saved file');
    project.write('dir/file', 'saved in a directory');
    project.write('flat', 'saved where a directory will be');
    project.write('other', 'one');
    project.commit();
    const saved = project.facts();
    const id = await project.checkpoint();
    project.git('rm', '-rq', '--cached', '.');
    for (const name of ['config', 'dir', 'flat']) project.remove(name);
    project.write('.git/info/exclude', 'config\ndir\nflat\n');
    project.write('config', 'ignored, of another content');
    project.write('dir', 'ignored, a file where a directory was');
    project.write('flat/deep/file', 'ignored, deep in a directory where a file was');
    project.link('nowhere', 'flat/link');
    const now = project.facts();
    await project.restore(id);
    expect(project.facts()).toEqual(saved);
    await project.undo();
    expect(project.facts()).toEqual(now);
  });

  it('34. and there only because of a restore: undo takes it away again', async () => {
    await using project = await CaseProject.make();
    project.write('build/out', 'covered at first');
    project.write('file', 'one');
    const id = await project.checkpoint();
    project.remove('build');
    project.write('.git/info/exclude', 'build\n');
    const now = project.facts();
    await project.restore(id);
    expect(readFileSync(project.path('build/out'), 'utf8')).toBe('covered at first');
    await project.undo();
    expect(project.facts()).toEqual(now);
    await project.handle.redo();
    expect(readFileSync(project.path('build/out'), 'utf8')).toBe('covered at first');
    project.write('build/later', 'made since, and never covered');
    await project.undo();
    expect([...project.facts().keys()].filter((name) => name.startsWith('build'))).toEqual([
      'build',
      'build/later',
    ]);
  });

  it('35. over the budget and never captured: outlives every restore, also where something else should be', async () => {
    await using project = await CaseProject.make();
    project.write('small', 'one');
    project.write('place', 'one');
    const id = await project.checkpoint();
    project.write('big');
    project.write('dir/big');
    project.remove('place');
    project.write('place');
    for (const name of ['big', 'dir/big', 'place']) truncateSync(project.path(name), 51 * 1024 * 1024);
    project.write('small', 'two');
    const now = project.facts();
    await expect(project.restore(id)).rejects.toMatchObject({
      failure: { code: 'restore-blocked', problems: [{ path: 'place' }] },
    });
    expect(project.facts()).toEqual(now);
    renameSync(project.path('place'), project.path('moved'));
    await project.restore(id);
    expect(readFileSync(project.path('small'), 'utf8')).toBe('one');
    for (const name of ['big', 'dir/big', 'moved'])
      expect(project.facts().get(name), name).toBe(now.get('big'));
  });

  it('36. node_modules, installed after the checkpoint, ignored or not', async () => {
    await using project = await CaseProject.make();
    project.write('package.json', '{}');
    const bare = await project.checkpoint();
    project.write('node_modules/a/index.js', 'a');
    project.link('../a/index.js', 'node_modules/.bin/a');
    const installed = project.facts();
    await project.restore(bare);
    expect(existsSync(project.path('node_modules'))).toBe(false);
    await project.undo();
    expect(project.facts()).toEqual(installed);
    project.write('.gitignore', 'node_modules\n');
    await project.restore(bare);
    expect(project.facts().get('node_modules/a/index.js')).toBe(installed.get('node_modules/a/index.js'));
    expect(existsSync(project.path('.gitignore'))).toBe(false);
  });
});

describe('repositories inside', () => {
  it('37. with commits, without one, bare, by a .git file, cloned later: files rewind, git stays, nothing is deleted', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    for (const name of ['with', 'unborn']) {
      project.write(`${name}/file`, 'one');
      runGit(project.path(name), ['init', '-q']);
    }
    runGit(project.path('with'), ['add', '-A']);
    runGit(project.path('with'), ['commit', '-q', '-m', 'inside']);
    runGit(project.root, ['init', '-q', '--bare', 'bare.git']);
    runGit(project.path('with'), ['worktree', 'add', '-q', '../linked', '-b', 'linked']);
    const heads = (): string => runGit(project.path('with'), ['log', '--all', '--format=%H %D']);
    const id = await project.comesBack(() => {
      project.write('with/file', 'two');
      project.write('with/new', 'new');
      project.write('unborn/file', 'two');
      project.write('linked/file', 'two');
    });
    expect((await project.uncovered(id)).map(([path]) => path)).toEqual([
      'linked/.git',
      'unborn/.git',
      'with/.git',
    ]);
    runGit(project.root, ['clone', '-q', 'with', 'cloned']);
    const before = heads();
    await project.restore(id);
    expect(heads()).toBe(before);
    // What the clone has of git was never captured: it stays, and with it the way back to its files.
    expect(runGit(project.path('cloned'), ['log', '--format=%s'])).toBe('inside\n');
    expect(existsSync(project.path('cloned/file'))).toBe(false);
    await project.undo();
    expect(runGit(project.path('cloned'), ['status', '--porcelain'])).toBe('');
  });

  it('38. submodules: clean, dirty, with a moved HEAD, in another one, not initialised', async () => {
    await using project = await CaseProject.make();
    const origin = `${project.place}/origin`;
    const inner = `${project.place}/inner`;
    for (const [place, more] of [
      [inner, []],
      [origin, [inner]],
    ] as const) {
      runGit(project.place, ['init', '-q', '-b', 'main', place]);
      writeFileSync(`${place}/file`, 'one');
      for (const module of more) runGit(place, ['submodule', 'add', '-q', module, 'inner']);
      runGit(place, ['add', '-A']);
      runGit(place, ['commit', '-q', '-m', 'one']);
    }
    for (const name of ['clean', 'dirty', 'moved', 'unready'])
      project.git('submodule', 'add', '-q', origin, name);
    project.commit();
    project.git('submodule', 'deinit', '-q', '-f', 'unready');
    project.git('submodule', 'update', '-q', '--init', '--recursive', 'dirty');
    const id = await project.comesBack(() => {
      project.write('dirty/file', 'two');
      project.write('dirty/inner/file', 'two');
      project.write('dirty/inner/new', 'new');
      project.write('moved/file', 'two');
      runGit(project.path('moved'), ['commit', '-q', '-am', 'moved']);
      project.remove('clean/file');
    });
    expect(readFileSync(project.path('dirty/inner/file'), 'utf8')).toBe('two');
    await project.restore(id);
    expect(runGit(project.path('moved'), ['log', '--format=%s', '-1'])).toBe('moved\n');
    expect(runGit(project.path('dirty'), ['status', '--porcelain'])).toBe('');
  });

  it('39. a worktree of the same repository inside it, and in an ignored place', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.commit();
    project.git('worktree', 'add', '-q', '.claude/worktrees/w', '-b', 'w');
    await project.comesBack(() => {
      project.write('.claude/worktrees/w/file', 'two');
      project.write('.claude/worktrees/w/new', 'new');
    });
    project.write('.gitignore', '.claude\n');
    const id = await project.checkpoint();
    expect(await project.uncovered(id)).toEqual([['.claude', 'ignored']]);
    project.write('file', 'two');
    await project.restore(id);
    expect(runGit(project.path('.claude/worktrees/w'), ['status', '--porcelain', '-uall'])).toBe(
      ' M file\n?? new\n',
    );
  });

  it('41. a project that is a worktree, and whose main repository moves away', async () => {
    await using project = await CaseProject.make();
    const main = `${project.place}/main`;
    mkdirSync(main);
    runGit(main, ['init', '-q', '-b', 'main']);
    writeFileSync(`${main}/file`, 'one');
    runGit(main, ['add', '-A']);
    runGit(main, ['commit', '-q', '-m', 'one']);
    project.remove('.git');
    runGit(main, ['worktree', 'add', '-q', `${project.place}/w`, '-b', 'w']);
    for (const name of ['.git', 'file']) renameSync(`${project.place}/w/${name}`, project.path(name));
    runGit(main, ['worktree', 'repair', project.root]);
    const id = await project.comesBack(() => project.write('file', 'two'));
    const { manifest } = await project.handle.checkpoint(id);
    expect(manifest.git).toMatchObject({ branch: 'w' });
    renameSync(main, `${main}-moved`);
    await project.comesBack(() => project.write('file', 'three'));
    await project.restore(id);
    expect(readFileSync(project.path('file'), 'utf8')).toBe('one');
  });
});
