import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GitScene } from '../../../test/rig/git-scene.ts';
import { failureOf } from '../../../test/rig/failure-of.ts';
import type { WorktreeRow } from '../../agent/worktree.ts';
import type { Contents } from '../../checkpoint/tree-writer.ts';
import { GitAgentWorktrees } from './agent-worktrees.ts';

const row: WorktreeRow = { agent: 'ada', name: 'ada', branch: 'codeframe/ada', fromId: null };
/** In the order in which git brings them. */
const changed = ['a.txt', 'b.txt', 'dir/c.txt', 'dir/d.txt', 'z.txt'] as const;

let place: string;
let project: GitScene;
let inTree: GitScene;
let worktrees: GitAgentWorktrees;

beforeEach(async () => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-refresh-')));
  project = new GitScene(join(place, 'project'));
  mkdirSync(project.dir);
  project.init();
  // A filter of the user's that kills the git which runs it, at the file that is named.
  const armed = join(place, 'armed');
  project.git('config', 'filter.deadly.smudge', `if [ "$(cat ${armed})" = %f ]; then kill -9 $PPID; fi; cat`);
  project.git('config', 'filter.deadly.clean', 'cat');
  kill('nowhere');
  write(project, '.gitattributes', '*.txt filter=deadly\n');
  write(project, 'goes.txt', 'it goes\n');
  write(project, 'same.txt', 'the same\n');
  for (const path of changed) if (path !== 'dir/d.txt') write(project, path, `old ${path}\n`);
  project.commitAll('old');
  const dir = join(place, 'worktrees');
  const beside = { makingDir: join(place, 'making'), journalDir: join(place, 'journal') };
  worktrees = new GitAgentWorktrees({ root: project.dir, dir, ...beside, marker: 'test' });
  await worktrees.open(row, null);
  inTree = new GitScene(worktrees.dirOf(row));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function write({ dir }: GitScene, path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

function read(path: string): string | null {
  const at = join(inTree.dir, path);
  return existsSync(at) ? readFileSync(at, 'utf8') : null;
}

function kill(path: string): void {
  writeFileSync(join(place, 'armed'), path);
}

/** The project goes on by a commit, and the worktree that is to follow is killed at a file. */
async function killedAt(path: string): Promise<{ readonly from: string; readonly to: string }> {
  const from = project.git('rev-parse', 'HEAD');
  for (const one of changed) write(project, one, `new ${one}, and longer than before\n`);
  rmSync(join(project.dir, 'goes.txt'));
  const to = project.commitAll('new');
  kill(path);
  expect(await failureOf(worktrees.refresh(row))).toMatchObject({ code: 'git-failed' });
  kill('nowhere');
  expect(inTree.git('rev-parse', 'HEAD')).toBe(from);
  expect(existsSync(join(gitDir(), 'codeframe-refresh'))).toBe(true);
  return { from, to };
}

function gitDir(): string {
  return inTree.git('rev-parse', '--absolute-git-dir');
}

/** As git tells a person to. */
function dropLock(): void {
  rmSync(join(gitDir(), 'index.lock'));
}

function expectEnded(): void {
  expect(existsSync(join(gitDir(), 'codeframe-refresh'))).toBe(false);
  inTree.git('fsck', '--strict');
}

describe('a refresh of a worktree that is killed', () => {
  it('is finished at whichever file it was, where nothing else has happened', async () => {
    for (const path of ['a.txt', 'dir/d.txt', 'z.txt']) {
      const { to } = await killedAt(path);
      await worktrees.open(row, null);
      expect(inTree.git('rev-parse', 'HEAD', 'codeframe/ada')).toBe(`${to}\n${to}`);
      expect(inTree.git('status', '--porcelain')).toBe('');
      expectEnded();
      write(project, 'goes.txt', 'it goes\n');
      for (const one of changed) write(project, one, `old ${one}\n`);
      project.commitAll('old again');
      await worktrees.refresh(row);
    }
  });

  it('is taken back at whichever file it was, around what a person has edited since', async () => {
    const moments = [
      ['a.txt', 'z.txt'],
      ['dir/c.txt', 'b.txt'],
      ['z.txt', 'dir/d.txt'],
    ] as const;
    for (const [path, mine] of moments) {
      const { from, to } = await killedAt(path);
      write(inTree, mine, 'mine\n');
      write(inTree, 'same.txt', 'mine as well\n');
      write(inTree, 'untracked', 'mine too\n');
      await worktrees.open(row, null);
      expect(inTree.git('rev-parse', 'HEAD')).toBe(from);
      expect([read(mine), read('same.txt'), read('untracked')]).toEqual([
        'mine\n',
        'mine as well\n',
        'mine too\n',
      ]);
      const status = inTree.git('status', '--porcelain', '--untracked-files=all').split('\n').toSorted();
      const sign = inTree.git('ls-tree', '--name-only', from, mine) === '' ? '??' : ' M';
      expect(status).toEqual([`${sign} ${mine}`, ' M same.txt', '?? untracked'].toSorted());
      // The next one leaves it alone, too: there is something of its own in it.
      await worktrees.refresh(row);
      expect(inTree.git('rev-parse', 'HEAD')).toBe(from);
      expect(read(mine)).toBe('mine\n');
      expectEnded();
      // Once that is gone it follows.
      inTree.git('checkout', '--quiet', '.');
      inTree.git('clean', '-fdq');
      await worktrees.refresh(row);
      expect(inTree.git('rev-parse', 'HEAD')).toBe(to);
      for (const one of changed) write(project, one, `old ${one}\n`);
      write(project, 'goes.txt', 'it goes\n');
      project.commitAll('old again');
      await worktrees.refresh(row);
    }
  });

  it('knows a file that it was writing from one that a person has written', async () => {
    const { from, to } = await killedAt('b.txt');
    write(inTree, 'b.txt', 'new b.txt, and lo');
    write(inTree, 'z.txt', 'new z.txt, but mine\n');
    await worktrees.open(row, null);
    expect([read('a.txt'), read('b.txt'), read('z.txt')]).toEqual([
      'old a.txt\n',
      'old b.txt\n',
      'new z.txt, but mine\n',
    ]);
    expect(inTree.git('rev-parse', 'HEAD')).toBe(from);
    expect(from).not.toBe(to);
    expectEnded();
  });

  it('leaves what a person has put where new files were to be', async () => {
    await killedAt('b.txt');
    write(inTree, 'dir/d.txt/deep', 'mine\n');
    await worktrees.open(row, null);
    expect(read('dir/d.txt/deep')).toBe('mine\n');
    expect(inTree.git('status', '--porcelain')).toBe('?? dir/d.txt/');
    expectEnded();
  });

  it('leaves a branch alone on which a person has committed since, and what is staged', async () => {
    const { from } = await killedAt('dir/c.txt');
    dropLock();
    write(inTree, 'a.txt', 'mine\n');
    inTree.git('add', 'a.txt');
    await worktrees.open(row, null);
    expect(inTree.git('show', ':a.txt')).toBe('mine');
    expect(inTree.git('status', '--porcelain')).toBe('M  a.txt');
    expect(inTree.git('rev-parse', 'HEAD')).toBe(from);
    inTree.git('reset', '--quiet', '--hard');
    kill('dir/c.txt');
    expect(await failureOf(worktrees.refresh(row))).toMatchObject({ code: 'git-failed' });
    kill('nowhere');
    dropLock();
    write(inTree, 'z.txt', 'mine\n');
    inTree.git('commit', '--quiet', '-m', 'mine', '--', 'z.txt');
    const [mine, status] = [inTree.git('rev-parse', 'HEAD'), inTree.git('status', '--porcelain')];
    await worktrees.open(row, null);
    expect(inTree.git('rev-parse', 'HEAD')).toBe(mine);
    expect(inTree.git('status', '--porcelain')).toBe(status);
    expectEnded();
  });

  it('has only its branch to move where its files and its index are there, whatever is edited since', async () => {
    const { from, to } = await killedAt('b.txt');
    dropLock();
    inTree.git('reset', '--quiet', '--hard', to);
    inTree.git('update-ref', 'HEAD', from);
    write(inTree, 'b.txt', 'mine\n');
    await worktrees.open(row, null);
    expect(inTree.git('rev-parse', 'HEAD', 'codeframe/ada')).toBe(`${to}\n${to}`);
    expect(inTree.git('status', '--porcelain')).toBe(' M b.txt');
    expectEnded();
  });

  it('does not end on files that a restore has put in their places', async () => {
    write(inTree, 'a.txt', 'work\n');
    write(inTree, 'same.txt', 'work\n');
    inTree.git('add', 'a.txt');
    const captured = await worktrees.capture(row);
    const status = inTree.git('status', '--porcelain');
    inTree.git('reset', '--quiet', '--hard');
    const { from } = await killedAt('b.txt');
    if (captured === null) throw new Error('there is no worktree');
    // As a restore has the files, before it puts git's side in place.
    for (const path of changed) if (path !== 'dir/d.txt') write(inTree, path, `old ${path}\n`);
    for (const path of ['a.txt', 'same.txt']) write(inTree, path, 'work\n');
    write(inTree, 'goes.txt', 'it goes\n');
    rmSync(join(inTree.dir, 'dir/d.txt'), { force: true });
    await worktrees.open(row, { captured, contents: nothing, id: 'r1' });
    expect(inTree.git('status', '--porcelain')).toBe(status);
    expect([read('a.txt'), read('same.txt')]).toEqual(['work\n', 'work\n']);
    expect(inTree.git('rev-parse', 'HEAD')).toBe(from);
    await worktrees.open(row, null);
    await worktrees.refresh(row);
    expect(inTree.git('status', '--porcelain')).toBe(status);
    expectEnded();
  });

  it('of which only the files were restored ends on none of them', async () => {
    await killedAt('dir/c.txt');
    for (const path of changed) if (path !== 'dir/d.txt') write(inTree, path, `old ${path}\n`);
    write(inTree, 'same.txt', 'restored\n');
    rmSync(join(inTree.dir, 'dir/d.txt'), { force: true });
    write(inTree, 'goes.txt', 'it goes\n');
    await worktrees.open(row, null);
    expect(inTree.git('status', '--porcelain')).toBe(' M same.txt');
    expect(read('same.txt')).toBe('restored\n');
    expectEnded();
  });
});

/** git has all that is asked for. */
const nothing: Contents = async function* (objects) {
  for (const object of objects) yield { object, bytes: Buffer.from('it was not to be asked for') };
};
