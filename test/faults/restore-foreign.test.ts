import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CodeDraft, PartDraft } from '../../src/checkpoint/checkpoint-store.ts';
import type { Manifest } from '../../src/checkpoint/manifest.ts';
import { failureOf } from '../rig/failure-of.ts';
import { GitScene } from '../rig/git-scene.ts';
import { readTree } from '../rig/real-tree.ts';
import { withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';

/** Each is whole by its hashes, as one that somebody made with another program and gave away is. */
describe('a checkpoint that another program made', () => {
  it.each([
    'git/%2e%2e/outside',
    'git/rebase-merge/%2e%2e/%2e%2e/outside',
    'git/rebase-merge/a%2f..%2f..%2f..%2foutside',
    'git/%2e%2e',
    'git/hooks/post-checkout',
    'git/config',
    'git/MERGE_HEAD/x',
    'git/MERGE%5fHEAD',
    'git/rebase-merge',
  ])('is refused with its part %s named, and nothing is written', async (path) => {
    await withRepository(async (bench) => {
      const id = await forge(bench, { parts: [{ path, bytes: Buffer.from('#!/bin/sh\n') }] });
      const before = await everything(bench);
      for (const git of [true, false]) {
        expect(await failureOf(bench.restore(id, { git }))).toMatchObject({
          code: 'corrupt-checkpoint',
          part: path,
        });
        expect(await failureOf(bench.preview(id, { git }))).toMatchObject({ part: path });
      }
      expect(await everything(bench)).toEqual(before);
    });
  });

  it.each([
    ['a branch that git would refuse', { head: null, branch: 'a..b' }],
    ['a branch that leads out of git', { head: null, branch: '../../../outside' }],
    ['a branch with a line in it', { head: null, branch: 'a\nb' }],
    ['a HEAD that is no commit', { head: '--stdin', branch: null }],
  ])('is refused with %s', async (_, git) => {
    await withRepository(async (bench) => {
      const id = await forge(bench, { git: { ...git, operation: null } });
      const before = await everything(bench);
      expect(await failureOf(bench.restore(id, { git: true }))).toMatchObject({ code: 'restore-blocked' });
      expect(await everything(bench)).toEqual(before);
    });
  });

  it('is refused with a ref whose object is none', async () => {
    await withRepository(async (bench) => {
      const line = `${JSON.stringify({ name: 'refs/heads/main', object: '--stdin', symref: null })}\n`;
      const refs = { path: 'git/refs.ndjson', bytes: Buffer.from(line) };
      const id = await forge(bench, { parts: [refs] });
      const refused = { code: 'corrupt-checkpoint', part: 'git/refs.ndjson' };
      expect(await failureOf(bench.restore(id, { git: true }))).toMatchObject(refused);
      expect(await failureOf(bench.restore(id))).toMatchObject(refused);
    });
  });
});

describe('a rebase in progress that would run commands', () => {
  it('comes back as it was where it was made, and from elsewhere only when that is asked for', async () => {
    await withRepository(async (bench) => {
      const { git, root, checkpoint, restore, preview } = bench;
      git.git('checkout', '--quiet', '-b', 'theirs', 'HEAD~1');
      writeFileSync(join(root, 'a'), 'theirs');
      git.commitAll('theirs');
      expect(git.tryGit('rebase', '--exec', 'touch "$HOME"/ran', 'main')).toBe(false);
      const state = git.state();
      const todo = join(root, '.git/rebase-merge/git-rebase-todo');
      const [own, foreign] = [await checkpoint(), await forge(bench, {})];
      git.git('rebase', '--abort');
      const before = await everything(bench);
      const problem = expect.stringContaining('would run `exec touch "$HOME"/ran`') as string;
      expect(await failureOf(restore(foreign, { git: true }))).toEqual({
        code: 'restore-blocked',
        problems: [{ path: '.git/rebase-merge/git-rebase-todo', problem }],
      });
      expect(await failureOf(preview(foreign, { git: true }))).toMatchObject({ code: 'restore-blocked' });
      expect(await everything(bench)).toEqual(before);
      await restore(foreign);
      expect(existsSync(todo)).toBe(false);
      await restore(own, { git: true });
      expect(git.state()).toEqual(state);
      // What is there already may stay.
      await restore(foreign, { git: true });
      git.git('rebase', '--abort');
      await restore(foreign, { git: true, gitCommands: true });
      expect(git.state()).toEqual(state);
      // What an undo takes away and a redo brings back was here.
      await bench.undo();
      await bench.redo();
      expect(git.state()).toEqual(state);
    });
  });

  it.each(['x false', '  exec\tfalse', 'exec'])('has them in a line like %j', async (line) => {
    await withRepository(async (bench) => {
      const bytes = Buffer.from(`pick 1234567 one\n${line}\n`);
      const id = await forge(bench, { parts: [{ path: 'git/rebase-merge/git-rebase-todo', bytes }] });
      expect(await failureOf(bench.restore(id, { git: true }))).toMatchObject({ code: 'restore-blocked' });
    });
  });
});

describe('a checkpoint of which a part was altered', () => {
  it.each(['state/tasks/0000.ndjson', 'git/refs.ndjson', 'ledger.0000.ndjson'])(
    'is refused for its hash, before %s is read as what it is not',
    async (path) => {
      await withRepository(async (bench) => {
        const id = await forge(bench, { parts: [{ path, bytes: Buffer.from('{') }], hashes: 'of before' });
        const before = await everything(bench);
        for (const only of [undefined, ['code'] as const]) {
          const refused = await failureOf(bench.restore(id, only === undefined ? {} : { only }));
          expect(refused).toMatchObject({
            code: 'corrupt-checkpoint',
            part: path.split('/').slice(0, 2).join('/'),
            problem: 'it is not what the manifest has the hash of',
          });
        }
        expect(await everything(bench)).toEqual(before);
      });
    },
  );
});

describe('a link in the place of a directory of git', () => {
  it('is not written through', async () => {
    await withRepository(async (bench) => {
      const { git, root, dataDir, checkpoint, restore } = bench;
      git.git('checkout', '--quiet', '-b', 'theirs', 'HEAD~1');
      writeFileSync(join(root, 'a'), 'theirs');
      git.commitAll('theirs');
      expect(git.tryGit('rebase', 'main')).toBe(false);
      const id = await checkpoint();
      git.git('rebase', '--abort');
      mkdirSync(join(dataDir, 'outside'));
      symlinkSync(join(dataDir, 'outside'), join(root, '.git/rebase-merge'));
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: '.git/rebase-merge' }],
      });
      expect(readdirSync(join(dataDir, 'outside'))).toEqual([]);
    });
  });
});

interface Repository extends RestoreBench {
  readonly git: GitScene;
}

/** Two commits on `main`, the second with an edit after it. */
function withRepository(work: (repository: Repository) => Promise<void>): Promise<void> {
  return withRestoreBench(async (bench) => {
    const git = new GitScene(bench.root);
    git.init();
    for (const text of ['first', 'second']) {
      writeFileSync(join(bench.root, 'a'), text);
      git.commitAll(text);
    }
    await work({ ...bench, git });
  });
}

interface Forgery {
  /** Added, or in the place of those of the same path. */
  readonly parts?: readonly PartDraft[];
  readonly git?: Manifest['git'];
  /** `of before`: the manifest keeps the hashes of the checkpoint that it was made from. */
  readonly hashes?: 'of before';
}

/** A checkpoint of the project as it is now, altered; answers its id. */
async function forge({ ports, checkpoint }: RestoreBench, forgery: Forgery): Promise<string> {
  const id = ports.ids.next('checkpoint');
  const real = await ports.checkpoints.open(await checkpoint());
  const parts = new Map<string, Uint8Array>();
  for (const path of await real.partPaths('')) parts.set(path, await real.part(path));
  for (const { path, bytes } of forgery.parts ?? []) parts.set(path, bytes);
  const code: readonly CodeDraft[] = await real.code();
  const drafts = [...parts].map(([path, bytes]) => ({ path, bytes }));
  await ports.checkpoints.create({
    id,
    code: inOne([code]),
    parts: inOne(drafts.toSorted((a, b) => (a.path < b.path ? -1 : 1))),
    manifest: ({ sha256 }) => ({
      ...real.manifest,
      id,
      git: forgery.git ?? real.manifest.git,
      sha256: forgery.hashes === undefined ? sha256 : real.manifest.sha256,
    }),
  });
  return id;
}

async function* inOne<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  yield all;
}

/** Files, git's own among them, and what lies beside the project. */
async function everything({ root, dataDir }: RestoreBench): Promise<unknown> {
  const tree = [...(await readTree(root))].filter(([path]) => path !== '.git');
  const head = readFileSync(join(root, '.git/HEAD'), 'utf8');
  return { tree, head, beside: readdirSync(join(root, '..')), outside: existsSync(join(dataDir, 'outside')) };
}
