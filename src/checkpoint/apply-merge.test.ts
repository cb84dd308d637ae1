import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../test/rig/failure-of.ts';
import { GitScene } from '../../test/rig/git-scene.ts';
import { withRestoreBench, type RestoreBench } from '../../test/rig/restore-bench.ts';
import { GitAgentWorktrees } from '../adapters/user-git/agent-worktrees.ts';
import type { AgentWorktrees, Merge } from '../agent/worktree.ts';
import { applyMerge } from './apply-merge.ts';
import type { RestorePorts } from './restore-checkpoint.ts';

type Merged = Extract<Merge, { kind: 'merged' }>;
type MergePorts = RestorePorts & { readonly worktrees: AgentWorktrees };

interface Merging {
  readonly git: GitScene;
  readonly ports: MergePorts;
  /** Merges what is on the agent's branch, in git's objects. */
  readonly merge: () => Promise<Merged>;
  readonly apply: (merge: Merged, ports?: MergePorts) => Promise<void>;
  readonly isOpen: () => Promise<boolean>;
}

const before = { 'list.txt': 'one\ntwo\n\n\n\nthree\n', 'gone.txt': 'gone\n', 'other.txt': 'other\n' };

/** A project and an agent that has changed a file, deleted one and made one, all committed on its branch. */
function withMerge(work: (merging: Merging) => Promise<void>): Promise<void> {
  return withRestoreBench(async (bench) => {
    const { root, dataDir } = bench;
    const git = new GitScene(root);
    git.init();
    for (const [path, text] of Object.entries(before)) writeFileSync(join(root, path), text);
    git.commitAll('base');
    const [dir, makingDir, journalDir] = ['trees', 'making', 'git-journal'].map((name) =>
      join(dataDir, name),
    );
    const worktrees = new GitAgentWorktrees({
      root,
      dir: String(dir),
      makingDir: String(makingDir),
      journalDir: String(journalDir),
      marker: 'test',
    });
    const row = { agent: 'ada', name: 'ada', branch: 'codeframe/ada', fromId: null };
    await worktrees.open(row, null);
    const tree = new GitScene(worktrees.dirOf(row));
    writeFileSync(join(tree.dir, 'list.txt'), 'one\ntwo by ada\n\n\n\nthree\n');
    writeFileSync(join(tree.dir, 'new.txt'), 'new\n');
    tree.git('rm', '--quiet', 'gone.txt');
    await worktrees.commit(row, { agent: 'ada', message: 'work' });
    const merge = async (): Promise<Merged> => {
      const made = await worktrees.merge(row, { agent: 'ada', message: 'Merge' });
      if (made.kind !== 'merged') throw new Error(`it is ${made.kind}`);
      return made;
    };
    await work({ git, merge, ...ends({ ...bench.ports, worktrees }, bench) });
  });
}

function ends(ports: MergePorts, { root }: RestoreBench): Pick<Merging, 'ports' | 'apply' | 'isOpen'> {
  let committed = false;
  let count = 0;
  return {
    ports,
    apply: (merge, with_ = ports) => {
      committed = false;
      return applyMerge(with_, merge, {
        mergeId: `m${++count}`,
        commit: async () => {
          committed = true;
        },
        isCommitted: async () => committed,
      });
    },
    isOpen: async () =>
      existsSync(join(root, '.git/index.lock')) ||
      (await ports.writer.open()).length + (await ports.gitRewinder.open()).length > 0,
  };
}

function filesOf({ git }: Merging): Readonly<Record<string, string | null>> {
  const read = (path: string): string | null =>
    existsSync(join(git.dir, path)) ? readFileSync(join(git.dir, path), 'utf8') : null;
  return Object.fromEntries(
    ['list.txt', 'gone.txt', 'other.txt', 'new.txt', 'mine.txt'].map((path) => [path, read(path)]),
  );
}

/** What a person does in the project while an agent's work is on its way there. */
const acts: Readonly<Record<string, (git: GitScene) => void>> = {
  'commits another file': (git) => {
    writeFileSync(join(git.dir, 'mine.txt'), 'mine\n');
    git.commitAll('mine');
  },
  'commits a file of the merge': (git) => {
    writeFileSync(join(git.dir, 'list.txt'), 'one\ntwo\n\n\n\nthree by me\n');
    git.commitAll('mine');
  },
  'commits nothing but a message': (git) => void git.git('commit', '--quiet', '--allow-empty', '-m', 'mine'),
  'adds another file': (git) => {
    writeFileSync(join(git.dir, 'mine.txt'), 'mine\n');
    git.git('add', 'mine.txt');
  },
  'adds an edit of another file': (git) => {
    writeFileSync(join(git.dir, 'other.txt'), 'mine\n');
    git.git('add', 'other.txt');
  },
  'adds an edit of a file of the merge': (git) => {
    writeFileSync(join(git.dir, 'list.txt'), 'one\ntwo\n\n\n\nthree by me\n');
    git.git('add', 'list.txt');
  },
  'adds a file that the merge has too': (git) => {
    writeFileSync(join(git.dir, 'new.txt'), 'mine\n');
    git.git('add', 'new.txt');
  },
  'takes a file out of the index': (git) => void git.git('rm', '--quiet', '--cached', 'other.txt'),
  'changes to a new branch': (git) => void git.git('switch', '--quiet', '-c', 'mine'),
  'edits a file of the merge': (git) => writeFileSync(join(git.dir, 'list.txt'), 'mine\n'),
  'begins a merge': (git) => {
    git.git('switch', '--quiet', '-c', 'side');
    git.git('commit', '--quiet', '--allow-empty', '-m', 'side');
    git.git('switch', '--quiet', 'main');
    git.git('merge', '--quiet', '--no-ff', '--no-commit', 'side');
  },
};

describe('a merge that a person comes before', () => {
  for (const [name, act] of Object.entries(acts)) {
    it(`changes nothing when the person ${name}`, async () => {
      await withMerge(async (merging) => {
        const { git, merge, apply, isOpen } = merging;
        const made = await merge();
        act(git);
        const [state, files] = [git.state(), filesOf(merging)];
        const codes = ['tree-moved', 'restore-blocked'];
        expect(codes).toContain((await failureOf(apply(made))).code);
        expect([git.state(), filesOf(merging)]).toEqual([state, files]);
        expect(await isOpen()).toBe(false);
      });
    });
  }

  it('is made again on top of what the person has committed and added', async () => {
    await withMerge(async (merging) => {
      const { git, merge, apply } = merging;
      await merge();
      acts['commits a file of the merge']?.(git);
      const mine = git.git('rev-parse', 'main');
      acts['adds an edit of another file']?.(git);
      await apply(await merge());
      expect(filesOf(merging)).toEqual({
        'list.txt': 'one\ntwo by ada\n\n\n\nthree by me\n',
        'gone.txt': null,
        'other.txt': 'mine\n',
        'new.txt': 'new\n',
        'mine.txt': null,
      });
      expect(git.git('rev-parse', 'main^1')).toBe(mine);
      expect(git.git('status', '--porcelain')).toBe('M  other.txt');
    });
  });
});

/** Calls `act` before each call of a method. */
function preceded<T extends object>(port: T, method: keyof T & string, act: () => void): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        if (name === method) act();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

describe('a merge in the middle of which a person', () => {
  const moments = [
    ['writer', 'check'],
    ['writer', 'prepare'],
    ['gitRewinder', 'prepare'],
    ['writer', 'apply'],
    ['gitRewinder', 'apply'],
  ] as const;
  for (const [port, method] of moments) {
    for (const name of ['commits nothing but a message', 'adds an edit of another file'] as const) {
      it(`${name}, before ${port}.${method}, loses none of it`, async () => {
        await withMerge(async (merging) => {
          const { git, ports, merge, apply, isOpen } = merging;
          let isDone = false;
          const act = (): void => {
            try {
              acts[name]?.(git);
              isDone = true;
            } catch (error) {
              // From some moment on git's index is locked, and the person is told so.
              expect(String(error)).toContain('index.lock');
            }
          };
          const watched =
            port === 'writer'
              ? { ...ports, writer: preceded(ports.writer, method as 'apply', act) }
              : { ...ports, gitRewinder: preceded(ports.gitRewinder, method as 'apply', act) };
          const made = await merge();
          const tip = git.git('rev-parse', 'main');
          const failure: unknown = await apply(made, watched).catch((error: unknown) => error);
          expect(await isOpen()).toBe(false);
          if (!isDone) {
            expect(failure).toBeUndefined();
            expect(git.git('rev-parse', 'main^1')).toBe(tip);
            return;
          }
          expect(failure).toMatchObject({ failure: { code: 'tree-moved' } });
          expect(filesOf(merging)).toMatchObject({ 'list.txt': before['list.txt'], 'new.txt': null });
          expect(filesOf(merging)['gone.txt']).toBe(before['gone.txt']);
          const isAdd = name === 'adds an edit of another file';
          expect(git.git('status', '--porcelain')).toBe(isAdd ? 'M  other.txt' : '');
          expect(git.git('log', '-1', '--format=%s', 'main')).toBe(isAdd ? 'base' : 'mine');
        });
      });
    }
  }

  it('moves the branch in spite of the lock, leaves it where that person has put it', async () => {
    await withMerge(async (merging) => {
      const { git, ports, merge, apply, isOpen } = merging;
      const mine = git.git('commit-tree', '-p', 'main', '-m', 'mine', 'main^{tree}');
      const act = (): void => void git.git('update-ref', 'refs/heads/main', mine);
      const watched = { ...ports, gitRewinder: preceded(ports.gitRewinder, 'apply', act) };
      expect(await failureOf(apply(await merge(), watched))).toMatchObject({ code: 'tree-moved' });
      expect(git.git('rev-parse', 'main')).toBe(mine);
      expect(git.git('status', '--porcelain')).toBe('');
      expect(filesOf(merging)).toMatchObject(before);
      expect(await isOpen()).toBe(false);
    });
  });
});
