import { pbkdf2 } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomTree, treeOf, type ModelNode, type ModelTree } from '../../../test/rig/random-tree.ts';
import { makeTree, readTree, withDirectory } from '../../../test/rig/real-tree.ts';
import { blobId } from '../../checkpoint/blob-id.ts';
import { planFromTree } from '../../checkpoint/look-at-tree.ts';
import type { CodeEntry, ObjectId } from '../../checkpoint/tree.ts';
import type { Contents, TreeOperation } from '../../checkpoint/tree-writer.ts';
import { wantedTree } from '../../checkpoint/wanted-tree.ts';
import { isFailure } from '../../failure.ts';
import { openWorkTree } from '../work-tree/fs-work-tree.ts';
import { FileTreeWriter } from './tree-writer.ts';

const restoreId = 'r1';
/** More runs of the random tests, for a long run. */
const fuzz = Number(process.env['CODEFRAME_FUZZ'] ?? 1);

describe('the tree writer', () => {
  it('makes any real tree of any other, and leaves nothing of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomTree(['a', 'b', 'c\n\xff']),
        randomTree(['a', 'b', 'c\n\xff']),
        async (from, to) => {
          await withBench(from, async ({ root, plan, writer }) => {
            await writer.prepare({ restoreId, operations: await plan(to) }, contents);
            await writer.apply(restoreId);
            expect(await writer.finish(restoreId)).toEqual([]);
            expect(await readTree(root)).toEqual(to);
            expect(await writer.open()).toEqual([]);
          });
        },
      ),
      { numRuns: 30 * fuzz },
    );
  });

  it('puts everything back, whichever of its steps fails', async () => {
    await fc.assert(
      fc.asyncProperty(randomTree(['a', 'b']), randomTree(['a', 'b']), async (from, to) => {
        for (let failing = 1; ; failing++) {
          const fired = await withBench(from, async ({ root, plan, failAt }) => {
            const operations = await plan(to);
            const before = await statsOf(root);
            const writer = failAt(failing);
            try {
              await writer.prepare({ restoreId, operations }, contents);
              await writer.apply(restoreId);
              return false;
            } catch (error) {
              expect(String(error)).toContain('step failed');
            }
            expect(await writer.rollBack(restoreId)).toEqual([]);
            await writer.forget(restoreId);
            expect(await readTree(root)).toEqual(from);
            expect(await statsOf(root)).toEqual(before);
            return true;
          });
          if (!fired) return;
        }
      }),
      { numRuns: 3 * fuzz },
    );
  });

  it('rolls back also when the rolling back was cut, at any step', async () => {
    const from = treeOf([
      ['dir/file', file('1')],
      ['dir/sub/file', file('2')],
      ['changed', file('3')],
      ['link', { kind: 'link', target: 'changed' }],
      ['mode', file('4')],
    ]);
    const to = treeOf([
      ['dir', file('now a file')],
      ['changed', file('other')],
      ['link/now/a/directory', file('5')],
      ['mode', file('4', 0o600)],
    ]);
    for (let failing = 1; ; failing++) {
      const fired = await withBench(from, async ({ root, plan, writer, failAt }) => {
        await writer.prepare({ restoreId, operations: await plan(to) }, contents);
        await writer.apply(restoreId);
        const cut = await failAt(failing)
          .rollBack(restoreId)
          .then(
            () => false,
            () => true,
          );
        expect(await writer.rollBack(restoreId)).toEqual([]);
        expect(await readTree(root)).toEqual(from);
        return cut;
      });
      if (!fired) break;
    }
  });

  it('finishes also when the finishing was cut, at any step', async () => {
    const from = treeOf([
      ['gone/sub/file', file('2')],
      ['changed', file('3')],
      ['closed/file', file('3')],
    ]);
    const to = treeOf([
      ['changed', file('other')],
      ['closed', { kind: 'directory', mode: 0o500 }],
      ['closed/new', { kind: 'directory', mode: 0o500 }],
      ['closed/new/file', file('4')],
    ]);
    for (let failing = 1; ; failing++) {
      const fired = await withBench(from, async ({ root, plan, writer, failAt }) => {
        await writer.prepare({ restoreId, operations: await plan(to) }, contents);
        await writer.apply(restoreId);
        const cut = await failAt(failing)
          .finish(restoreId)
          .then(
            () => false,
            () => true,
          );
        expect(await writer.finish(restoreId)).toEqual([]);
        expect(await readTree(root)).toEqual(to);
        return cut;
      });
      if (!fired) break;
    }
  });

  it.each([
    ['is written', (root: string) => writeFile(join(root, 'changed'), 'somebody else')],
    ['is deleted', (root: string) => rm(join(root, 'changed'))],
    ['becomes a link', async (root: string) => swapForLink(join(root, 'changed'))],
    ['gets another mode', (root: string) => chmod(join(root, 'changed'), 0o640)],
    ['appears where a file is to be', (root: string) => writeFile(join(root, 'added'), 'mine')],
    ['appears in a directory that goes', (root: string) => writeFile(join(root, 'gone/new'), 'mine')],
    ['is a directory on the way, now a link', (root: string) => swapForLink(join(root, 'dir'))],
  ])('refuses and puts everything back when something %s after the plan', async (_, move) => {
    const from = treeOf([
      ['a-first', file('1')],
      ['changed', file('2')],
      ['dir/file', file('3')],
      ['gone/file', file('4')],
    ]);
    const to = treeOf([
      ['a-first', file('new 1')],
      ['added', file('new')],
      ['changed', file('new 2')],
      ['dir/file', file('new 3')],
    ]);
    await withBench(from, async ({ root, plan, writer }) => {
      const operations = await plan(to);
      await writer.prepare({ restoreId, operations }, contents);
      await move(root);
      const moved = await readTree(root);
      const thrown = await writer.apply(restoreId).catch((error: unknown) => error);
      expect(isFailure(thrown, 'tree-moved')).toBe(true);
      await writer.rollBack(restoreId);
      expect(withoutOwn(await readTree(root))).toEqual(withoutOwn(moved));
      expect(await readTree(join(root, '../outside'))).toEqual(outside);
    });
  });

  it('leaves what somebody wrote after a kill, and takes back the rest', async () => {
    const from = treeOf([
      ['one', file('1')],
      ['two', file('2')],
      ['gone', file('3')],
    ]);
    const to = treeOf([
      ['one', file('new 1')],
      ['two', file('new 2')],
      ['added', file('new 3')],
    ]);
    await withBench(from, async ({ root, plan, writer }) => {
      await writer.prepare({ restoreId, operations: await plan(to) }, contents);
      await writer.apply(restoreId);
      await writeFile(join(root, 'one'), 'mine 1');
      await writeFile(join(root, 'gone'), 'mine 2');
      await writeFile(join(root, 'added'), 'mine 3');
      expect(await writer.rollBack(restoreId)).toEqual(['added', 'gone', 'one']);
      expect(texts(await readTree(root))).toEqual({
        one: 'mine 1',
        two: '2',
        gone: 'mine 2',
        added: 'mine 3',
      });
    });
  });

  it('takes nothing for its own that somebody made with the same content', async () => {
    const to = treeOf([['added', file('new')]]);
    await withBench(new Map(), async ({ root, plan, writer }) => {
      await writer.prepare({ restoreId, operations: await plan(to) }, contents);
      await writeFile(join(root, 'added'), 'new');
      await writer.rollBack(restoreId);
      expect(texts(await readTree(root))).toEqual({ added: 'new' });
    });
  });

  it('takes a file with another time and the same bytes for unchanged', async () => {
    await withBench(treeOf([['f', file('1')]]), async ({ root, plan, writer }) => {
      const operations = await plan(treeOf([['f', file('2')]]));
      await utimes(join(root, 'f'), 1, 1);
      await writer.prepare({ restoreId, operations }, contents);
      await writer.apply(restoreId);
      await writer.finish(restoreId);
      expect(texts(await readTree(root))).toEqual({ f: '2' });
    });
  });

  it('changes two names of one file', async () => {
    const from = treeOf([['a', file('same')]]);
    await withBench(from, async ({ root, tree, writer }) => {
      const { link } = await import('node:fs/promises');
      await link(join(root, 'a'), join(root, 'b'));
      const to = treeOf([
        ['a', file('one')],
        ['b', file('two')],
      ]);
      const { plan } = await planFromTree(tree, {
        wanted: wantedTree('c1', codeOf(to)),
        unknown: new Set(),
        like: '',
      });
      await writer.prepare({ restoreId, operations: plan.operations }, contents);
      await writer.apply(restoreId);
      await writer.finish(restoreId);
      expect(texts(await readTree(root))).toEqual({ a: 'one', b: 'two' });
    });
  });

  it('leaves nothing beside the targets when the bytes stop coming', async () => {
    const names = Array.from({ length: 7 }, (_, n) => `f${n}`);
    await withBench(treeOf([]), async ({ root, journalDir, plan, writer }) => {
      const operations = await plan(treeOf(names.map((name) => [name, file(name)])));
      const cut: Contents = async function* (ids) {
        keepFileSystemBusy();
        for await (const found of contents(ids.slice(0, 6))) yield found;
        throw new Error('an object is damaged');
      };
      await expect(writer.prepare({ restoreId, operations }, cut)).rejects.toThrow('damaged');
      expect(await readdir(root)).toEqual([]);
      expect(await readdir(journalDir)).toEqual([]);
    });
  });

  it('refuses a journal that was cut or altered, and touches nothing', async () => {
    await withBench(treeOf([['f', file('1')]]), async ({ root, journalDir, plan, writer }) => {
      await writer.prepare({ restoreId, operations: await plan(treeOf([['f', file('2')]])) }, contents);
      const [name] = await readdir(journalDir);
      const before = await readTree(root);
      await writeFile(
        join(journalDir, name ?? ''),
        '{"format":"codeframe-restore","version":1}\n{"kind":"rem',
      );
      const thrown = await writer.rollBack(restoreId).catch((error: unknown) => error);
      expect(isFailure(thrown, 'corrupt-store')).toBe(true);
      expect(await readTree(root)).toEqual(before);
    });
  });
});

interface Bench {
  readonly root: string;
  readonly journalDir: string;
  readonly tree: ReturnType<typeof openWorkTree>;
  readonly writer: FileTreeWriter;
  readonly plan: (to: ModelTree) => Promise<readonly TreeOperation[]>;
  /** A writer of which one step fails. */
  readonly failAt: (step: number) => FileTreeWriter;
}

const outside = treeOf([['secret', file('secret')]]);

function withBench<T>(from: ModelTree, work: (bench: Bench) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const root = join(directory, 'project');
    const journalDir = join(directory, 'journal');
    await mkdir(join(directory, 'data'));
    await makeTree(join(directory, 'outside'), outside);
    await makeTree(root, from);
    const tree = openWorkTree({ root, dataDir: join(directory, 'data'), ignored: async () => [] });
    return work({
      root,
      journalDir,
      tree,
      writer: new FileTreeWriter({ root, journalDir }),
      async plan(to) {
        const { plan } = await planFromTree(tree, {
          wanted: wantedTree('c1', codeOf(to)),
          unknown: new Set(),
          like: '',
        });
        expect(plan.problems).toEqual([]);
        return plan.operations;
      },
      failAt(step) {
        let left = step;
        const onStep = (): void => {
          if (--left === 0) throw new Error('step failed');
        };
        return new FileTreeWriter({ root, journalDir, onStep });
      },
    });
  });
}

async function swapForLink(path: string): Promise<void> {
  await rename(path, `${path}.moved`);
  await symlink('../outside', path);
}

const objects = new Map<ObjectId, Buffer>();

/** What is written now is written only after what is done at once. */
function keepFileSystemBusy(): void {
  for (let n = 0; n < 8; n++) pbkdf2('x', 'y', 50_000, 64, 'sha512', () => undefined);
}

const contents: Contents = async function* (ids) {
  for (const object of ids) yield { object, bytes: objects.get(object) ?? Buffer.from('?') };
};

function codeOf(tree: ModelTree): CodeEntry[] {
  return [...tree].map(([path, node]): CodeEntry => {
    if (node.kind === 'directory') return { kind: 'directory', path, mode: node.mode, empty: false };
    const bytes = Buffer.from(node.kind === 'link' ? node.target : node.text, 'latin1');
    const object = blobId(bytes, '');
    objects.set(object, bytes);
    if (node.kind === 'link') return { kind: 'link', path, object, target: node.target };
    return { kind: 'file', path, mode: node.mode, object, size: bytes.length };
  });
}

function file(text: string, mode = 0o644): ModelNode {
  return { kind: 'file', mode, text };
}

function texts(tree: ModelTree): Record<string, string> {
  return Object.fromEntries([...tree].map(([path, node]) => [path, node.kind === 'file' ? node.text : '']));
}

function withoutOwn(tree: ModelTree): ModelTree {
  return new Map([...tree].filter(([path]) => !path.includes('.codeframe-restore-')));
}

/** Of files and links: they keep their inode and mtime when a restore is taken back. */
async function statsOf(root: string): Promise<unknown> {
  const stats: unknown[] = [];
  for (const [path, node] of await readTree(root)) {
    const { ino, mtimeMs, nlink } = await lstat(
      Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]),
    );
    stats.push(node.kind === 'directory' ? [path, ino] : [path, ino, mtimeMs, nlink]);
  }
  return stats;
}
