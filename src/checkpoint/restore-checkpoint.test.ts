import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GitScene } from '../../test/rig/git-scene.ts';
import { randomTree, treeOf, type ModelNode, type ModelTree } from '../../test/rig/random-tree.ts';
import { makeTree, readTree } from '../../test/rig/real-tree.ts';
import { withRestoreBench, type RestoreBench } from '../../test/rig/restore-bench.ts';
import { openWorkTree } from '../adapters/work-tree/fs-work-tree.ts';
import { item, step, task } from '../../test/conformance/store-rows.ts';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import type { CodeframeError } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import { recoverRestores } from './recover-restore.ts';
import { restoreCheckpoint } from './restore-checkpoint.ts';
import { findUndoable, readUndoStacks } from './undo.ts';
import { failureOf } from '../../test/rig/failure-of.ts';

/** More runs of the random tests, for a long run. */
const fuzz = Number(process.env['CODEFRAME_FUZZ'] ?? 1);
const names = ['a', 'b', ' c\n\t"\xff'];

describe('a restore', () => {
  it('brings any tree back, and its undo the one that was there', async () => {
    await fc.assert(
      fc.asyncProperty(randomTree(names), randomTree(names), async (one, other) => {
        await withRestoreBench(async ({ root, checkpoint, preview, restore, undo }) => {
          await makeTree(root, one);
          const id = await checkpoint();
          await makeTree(root, other);
          await restore(id, { preview: await preview(id) });
          expect(await readTree(root)).toEqual(one);
          await undo();
          expect(await readTree(root)).toEqual(other);
        });
      }),
      { numRuns: 8 * fuzz },
    );
  });

  it('writes nothing when the tree is as it is to be', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore }) => {
      await makeTree(
        root,
        treeOf([
          ['dir/file', file('1')],
          ['link', { kind: 'link', target: 'dir' }],
        ]),
      );
      const id = await checkpoint();
      const before = await timesOf(root);
      const { figures } = await restore(id);
      expect(await timesOf(root)).toEqual(before);
      expect(figures).toMatchObject({ added: 0, changed: 0, deleted: 0, modes: 0, rows: 0 });
    });
  });

  it('keeps the times of files that do not change', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore }) => {
      await makeTree(
        root,
        treeOf([
          ['same', file('1')],
          ['other', file('2')],
        ]),
      );
      const id = await checkpoint();
      await writeFile(join(root, 'other'), 'changed');
      const before = await stat(join(root, 'same'), { bigint: true });
      await restore(id);
      const after = await stat(join(root, 'same'), { bigint: true });
      expect([after.mtimeNs, after.ctimeNs, after.ino]).toEqual([before.mtimeNs, before.ctimeNs, before.ino]);
    });
  });

  it('lists in its preview exactly what it changes', async () => {
    await withRestoreBench(async ({ root, checkpoint, preview, restore }) => {
      await makeTree(
        root,
        treeOf([
          ['a', file('1')],
          ['b', file('2')],
          ['d/e', file('3')],
        ]),
      );
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'changed, not committed');
      await rm(join(root, 'b'));
      await writeFile(join(root, 'new'), 'untracked');
      await chmod(join(root, 'd/e'), 0o755);
      const shown = await preview(id);
      expect(shown.changes).toEqual([
        { path: 'a', change: 'change' },
        { path: 'b', change: 'add' },
        { path: 'd/e', change: 'mode' },
        { path: 'new', change: 'delete' },
      ]);
      const { figures } = await restore(id, { preview: shown });
      expect(figures).toMatchObject({ added: 1, changed: 1, deleted: 1, modes: 1 });
      expect((await preview(id)).changes).toEqual([]);
    });
  });

  it('is refused when the tree has moved since its preview', async () => {
    await withRestoreBench(async (bench) => {
      const { root, checkpoint, preview, restore } = bench;
      await makeTree(root, treeOf([['a', file('1')]]));
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'two');
      const shown = await preview(id);
      await writeFile(join(root, 'b'), 'new');
      const before = await snapshotOf(bench);
      expect(await failureOf(restore(id, { preview: shown }))).toMatchObject({
        code: 'tree-moved',
        paths: ['b'],
      });
      await rm(join(root, 'b'));
      await writeFile(join(root, 'a'), 'tri');
      expect(await failureOf(restore(id, { preview: shown }))).toMatchObject({
        code: 'tree-moved',
        paths: ['a'],
      });
      await writeFile(join(root, 'a'), 'two');
      expect(await snapshotOf(bench)).toEqual({ ...before, tree: await readTree(root) });
      await restore(id, { preview: shown });
    });
  });

  it('is refused when rows have changed since its preview', async () => {
    await withRestoreBench(async ({ ports, checkpoint, preview, restore }) => {
      const id = await checkpoint();
      const shown = await preview(id);
      await ports.store.write((tx) => tx.insert('tasks', task()));
      expect(await failureOf(restore(id, { preview: shown }))).toEqual({
        code: 'tree-moved',
        paths: ['state/tasks'],
      });
    });
  });

  it('saves an ignored file that is in the way, and undo brings it back', async () => {
    await withRestoreBench(async ({ root, checkpoint, preview, restore, undo }) => {
      execFileSync('git', ['init', '-q', root]);
      await writeFile(join(root, 'out'), 'wanted');
      await mkdir(join(root, 'dir'));
      await writeFile(join(root, 'gives-way'), 'wanted file');
      const id = await checkpoint();
      await writeFile(join(root, '.gitignore'), 'out\n*.log\ndir\n');
      await writeFile(join(root, 'out'), 'precious');
      await writeFile(join(root, 'dir/kept.log'), 'not in the way');
      await rm(join(root, 'gives-way'));
      await mkdir(join(root, 'gives-way/sub'), { recursive: true });
      await writeFile(join(root, 'gives-way/sub/x.log'), 'precious too');
      const before = await readTree(root);
      const shown = await preview(id);
      expect(shown.saved).toEqual(['gives-way/sub/x.log', 'out']);
      await restore(id, { preview: shown });
      expect(await readFile(join(root, 'out'), 'utf8')).toBe('wanted');
      expect(await readFile(join(root, 'gives-way'), 'utf8')).toBe('wanted file');
      expect(await readFile(join(root, 'dir/kept.log'), 'utf8')).toBe('not in the way');
      await undo();
      expect(withoutGit(await readTree(root))).toEqual(withoutGit(before));
    });
  });

  it('leaves what only the restored rules do not ignore any more', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore }) => {
      execFileSync('git', ['init', '-q', root]);
      await writeFile(join(root, '.gitignore'), '');
      const id = await checkpoint();
      await writeFile(join(root, '.gitignore'), 'node_modules\n');
      await mkdir(join(root, 'node_modules/pkg'), { recursive: true });
      await writeFile(join(root, 'node_modules/pkg/index.js'), 'installed');
      await restore(id);
      expect(await readFile(join(root, '.gitignore'), 'utf8')).toBe('');
      expect(await readFile(join(root, 'node_modules/pkg/index.js'), 'utf8')).toBe('installed');
    });
  });

  it('is blocked by what cannot be saved first, and changes nothing', async () => {
    await withRestoreBench(async (bench) => {
      const { root, checkpoint, restore } = bench;
      await makeTree(
        root,
        treeOf([
          ['a', file('1')],
          ['z', file('2')],
        ]),
      );
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'other');
      await rm(join(root, 'z'));
      // Not a socket: its path may have 107 bytes, and that of a machine's temporary directory can be longer.
      execFileSync('mkfifo', [join(root, 'z')]);
      const before = await readdir(root);
      expect(await failureOf(restore(id))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: 'z' }],
      });
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('other');
      expect(await readdir(root)).toEqual(before);
    });
  });

  it('does not delete the git directory of a repository that was cloned after the checkpoint', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore, undo }) => {
      const id = await checkpoint();
      execFileSync('git', ['init', '-q', join(root, 'clone')]);
      await writeFile(join(root, 'clone/file'), 'theirs');
      await restore(id);
      expect(await readdir(join(root, 'clone'))).toEqual(['.git']);
      await undo();
      expect(await readFile(join(root, 'clone/file'), 'utf8')).toBe('theirs');
    });
  });

  it('does not write through a link that leads outside', async () => {
    await withRestoreBench(async ({ root, dataDir, checkpoint, restore }) => {
      const outside = join(dataDir, '../outside');
      await makeTree(outside, treeOf([['file', file('outside')]]));
      await makeTree(
        root,
        treeOf([
          ['dir/file', file('inside')],
          ['other/sub/file', file('inside')],
        ]),
      );
      const id = await checkpoint();
      await rm(join(root, 'dir'), { recursive: true });
      await symlink(outside, join(root, 'dir'));
      await rm(join(root, 'other'), { recursive: true });
      await symlink('../outside', join(root, 'other'));
      await restore(id);
      expect(await readTree(outside)).toEqual(treeOf([['file', file('outside')]]));
      expect(await readFile(join(root, 'dir/file'), 'utf8')).toBe('inside');
      expect(await readFile(join(root, 'other/sub/file'), 'utf8')).toBe('inside');
    });
  });

  it('is refused when an object of the checkpoint is damaged, and changes nothing', async () => {
    await withRestoreBench(async (bench) => {
      const { root, dataDir, checkpoint, restore } = bench;
      await makeTree(root, treeOf([['a', file('one of a kind')]]));
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'other');
      await damage(join(dataDir, 'store.git/objects'));
      const before = await snapshotOf(bench);
      const failure = await failureOf(restore(id));
      expect(['corrupt-checkpoint', 'corrupt-store']).toContain(failure.code);
      expect(await snapshotOf(bench)).toEqual(before);
    });
  });

  it('says of a checkpoint that is in the list, but gone from the store, that it is damaged', async () => {
    await withRestoreBench(async (bench) => {
      const id = await bench.checkpoint();
      await rm(join(bench.dataDir, 'store.git'), { recursive: true });
      const before = await snapshotOf(bench);
      expect(await failureOf(bench.restore(id))).toMatchObject({ code: 'corrupt-checkpoint', id });
      expect(await snapshotOf(bench)).toEqual(before);
    });
  });

  it('is refused for a checkpoint of another project', async () => {
    await withRestoreBench(async (bench) => {
      const id = await bench.checkpoint();
      const ports = { ...bench.ports, project: { id: 'p2', name: 'other' } };
      const { restoreCheckpoint } = await import('./restore-checkpoint.ts');
      const asked = { restoreId: 'r1', kind: 'restore' as const, requestedBy: 'test', fence: bench.fence };
      expect(await failureOf(restoreCheckpoint(ports, { ...asked, checkpointId: id }))).toMatchObject({
        code: 'corrupt-checkpoint',
      });
    });
  });

  it('gives an owner that lost the project no say, and leaves the rest to the new one', async () => {
    await withRestoreBench(async (bench) => {
      const { root, ports, checkpoint, restore } = bench;
      await makeTree(root, treeOf([['a', file('1')]]));
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'other');
      const apply = ports.writer.apply.bind(ports.writer);
      ports.writer.apply = async (restoreId) => {
        await apply(restoreId);
        await ports.store.write((tx) =>
          tx.update('leases', { key: ['runner'], set: { epoch: 2, ownerId: 'o2' } }),
        );
      };
      expect(await failureOf(restore(id))).toMatchObject({ code: 'stale-owner' });
      const recovered = await recoverRestores(ports, { ownerId: 'o2', epoch: 2 });
      expect(recovered).toMatchObject([{ how: 'rolled-back', left: [] }]);
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('other');
      expect(await ports.writer.open()).toEqual([]);
    });
  });

  it('is taken back when a row that it would change was written meanwhile: nothing holds that one', async () => {
    await withRestoreBench(async ({ root, ports, fence, checkpoint }) => {
      await writeFile(join(root, 'a'), 'old');
      const checkpointId = await checkpoint();
      await writeFile(join(root, 'a'), 'new');
      const addTask = () => ports.store.write((tx) => tx.insert('tasks', task({ id: 7 })));
      const writer = new Proxy(ports.writer, {
        get: (target, name) =>
          name === 'apply'
            ? async (restoreId: string) => (await addTask(), target.apply(restoreId))
            : Reflect.get(target, name).bind(target),
      });
      const request = { restoreId: 'r1', kind: 'restore', checkpointId, requestedBy: 'test', fence } as const;
      const failure = await restoreCheckpoint({ ...ports, writer }, request).catch((error: unknown) => error);
      expect(failure).toMatchObject({ failure: { code: 'tree-moved', paths: ['state/tasks'] } });
      expect(await ports.store.read((tx) => tx.list('tasks'))).toMatchObject([{ id: 7 }]);
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('new');
    });
  });

  it('takes the rows back with the files, and leaves the ledger', async () => {
    await withRestoreBench(async ({ ports, checkpoint, preview, restore, undo }) => {
      const { store } = ports;
      await store.write(async (tx) => {
        await tx.insert('agents', agentRow());
        await tx.insert('tasks', taskRow());
        await tx.insert('steps', step());
        await tx.insert('context_items', item());
        await tx.nextNumber('task');
      });
      const id = await checkpoint();
      await store.write(async (tx) => {
        await tx.update('tasks', { key: [1], set: { title: 'later' } });
        await tx.insert('tasks', task({ id: 2 }));
        await tx.insert('context_items', item({ seq: 2 }));
        await tx.nextNumber('task');
      });
      const later = await store.read((tx) => tx.list('tasks'));
      const shown = await preview(id);
      expect(shown.rows).toEqual([
        { table: 'agents', added: 0, changed: 1, deleted: 0 },
        { table: 'tasks', added: 0, changed: 1, deleted: 1 },
        { table: 'steps', added: 0, changed: 1, deleted: 0 },
        { table: 'context_items', added: 0, changed: 0, deleted: 1 },
      ]);
      const { figures } = await restore(id, { preview: shown });
      expect(figures?.rows).toBe(5);
      await store.read(async (tx) => {
        expect(await tx.list('tasks')).toMatchObject([{ id: 1, title: taskRow().title, status: 'held' }]);
        expect(await tx.list('steps')).toMatchObject([{ status: 'interrupted' }]);
        expect(await tx.list('context_items')).toHaveLength(1);
        expect(await tx.get('counters', 'task')).toMatchObject({ value: 2 });
        expect((await tx.list('checkpoints')).map(({ trigger }) => trigger).toSorted()).toEqual([
          'manual',
          'safety',
        ]);
      });
      await undo();
      const back = await store.read((tx) => tx.list('tasks'));
      expect(back.map(({ id: taskId, title }) => [taskId, title])).toEqual(
        later.map(({ id: taskId, title }) => [taskId, title]),
      );
    });
  });

  it('takes only the parts that are asked for', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore }) => {
      await makeTree(root, treeOf([['a', file('1')]]));
      await ports.store.write((tx) => tx.insert('tasks', task({ title: 'then' })));
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'now');
      await ports.store.write((tx) => tx.update('tasks', { key: [1], set: { title: 'now' } }));
      const title = async (): Promise<unknown> => (await ports.store.read((tx) => tx.get('tasks', 1)))?.title;
      await restore(id, { only: ['state'] });
      expect([await readFile(join(root, 'a'), 'utf8'), await title()]).toEqual(['now', 'then']);
      await ports.store.write((tx) => tx.update('tasks', { key: [1], set: { title: 'now' } }));
      await restore(id, { only: ['code'] });
      expect([await readFile(join(root, 'a'), 'utf8'), await title()]).toEqual(['1', 'now']);
    });
  });

  it('puts everything back and says so when it fails after the files were changed', async () => {
    await withRestoreBench(async (bench) => {
      const { root, ports, checkpoint, restore } = bench;
      await makeTree(
        root,
        treeOf([
          ['a', file('1')],
          ['d/e', file('2')],
        ]),
      );
      const id = await checkpoint();
      await makeTree(root, treeOf([['a/b', file('other')]]));
      const before = await readTree(root);
      const apply = ports.writer.apply.bind(ports.writer);
      ports.writer.apply = async (restoreId) => {
        await apply(restoreId);
        await appendFile(join(root, 'new while it runs'), 'x');
      };
      expect(await failureOf(restore(id))).toMatchObject({
        code: 'tree-moved',
        paths: ['new while it runs'],
      });
      await rm(join(root, 'new while it runs'));
      expect(await readTree(root)).toEqual(before);
      const [row] = await ports.store.read((tx) => tx.list('restores'));
      expect(row).toMatchObject({ status: 'failed' });
      const types = await ports.store.read((tx) => tx.list('events'));
      expect(types.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['restore-begun', 'restore-failed']) as unknown[],
      );
      expect(await ports.writer.open()).toEqual([]);
    });
  });

  it.each<[string, (root: string) => Promise<unknown>, string]>([
    ['what it changed is given another mode', (root) => chmod(join(root, 'a'), 0o600), 'a'],
    ['a file that it leaves is edited', (root) => appendFile(join(root, 'same'), 'x'), 'same'],
    ['a file that it leaves gets another mode', (root) => chmod(join(root, 'same'), 0o640), 'same'],
    ['a file that it leaves is deleted', (root) => rm(join(root, 'd/same')), 'd/same'],
    ['a directory that it leaves gets another mode', (root) => chmod(join(root, 'd'), 0o700), 'd'],
    ['a directory appears', (root) => mkdir(join(root, 'd/new')), 'd/new'],
  ])('is refused when %s while it runs', async (_, happens, path) => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore }) => {
      await makeTree(
        root,
        treeOf([
          ['a', file('1')],
          ['same', file('2')],
          ['d/same', file('3')],
        ]),
      );
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'changed');
      const apply = ports.writer.apply.bind(ports.writer);
      ports.writer.apply = async (restoreId) => {
        await apply(restoreId);
        await happens(root);
      };
      expect(await failureOf(restore(id))).toMatchObject({ code: 'tree-moved', paths: [path] });
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('changed');
    });
  });

  it('leaves what is written in place in a file that it leaves, in a directory in which nothing else happens', async () => {
    await withRestoreBench(async ({ root, dataDir, ports, checkpoint, restore, undo, redo }) => {
      await makeTree(
        root,
        treeOf([
          ['a', file('1')],
          ['d/e/same', file('2')],
        ]),
      );
      const id = await checkpoint();
      await writeFile(join(root, 'a'), 'changed');
      const now = (): number => Date.now() + 3_600_000;
      const tree = openWorkTree({
        root,
        dataDir,
        now,
        ignored: async () => [],
        restoring: () => ports.writer.open(),
      });
      Object.assign(ports, { tree });
      const apply = ports.writer.apply.bind(ports.writer);
      ports.writer.apply = async (restoreId) => {
        ports.writer.apply = apply;
        await apply(restoreId);
        await appendFile(join(root, 'd/e/same'), ' and later');
      };
      const text = async (path: string): Promise<string> => readFile(join(root, path), 'utf8');
      await restore(id);
      expect([await text('a'), await text('d/e/same')]).toEqual(['1', '2 and later']);
      // As if it had been written after the restore: nothing of it is lost.
      await undo();
      expect([await text('a'), await text('d/e/same')]).toEqual(['changed', '2']);
      await redo();
      expect([await text('a'), await text('d/e/same')]).toEqual(['1', '2 and later']);
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'names the process that has a moved file open to write',
    async () => {
      await withRestoreBench(async ({ root, ports, checkpoint, restore }) => {
        await makeTree(
          root,
          treeOf([
            ['a', file('1')],
            ['log\n', file('2')],
          ]),
        );
        const id = await checkpoint();
        await writeFile(join(root, 'a'), 'changed');
        const script = `const file = require('fs').openSync('log\\n', 'a'); console.log('open');
        process.stdin.on('data', () => { require('fs').writeSync(file, 'a line'); console.log('written'); })`;
        const child = spawn(process.execPath, ['-e', script], {
          cwd: root,
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        try {
          await once(child.stdout, 'data');
          const apply = ports.writer.apply.bind(ports.writer);
          ports.writer.apply = async (restoreId) => {
            await apply(restoreId);
            child.stdin.write('now');
            await once(child.stdout, 'data');
          };
          const failure = await failureOf(restore(id));
          expect(failure).toMatchObject({
            code: 'tree-moved',
            paths: ['log\\x0a'],
            whileRestoring: { writers: [{ path: 'log\\x0a', pid: child.pid, command: 'node' }] },
          });
          const words = failureWords(failure as CodeframeError['failure']);
          expect(words.message).toContain(`node, pid ${child.pid}`);
          expect(words.hint).toContain('--path');
        } finally {
          const ended = once(child, 'exit');
          child.kill('SIGKILL');
          await ended;
        }
      });
    },
  );

  it('is not refused for what it is not to look at', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore }) => {
      const tree = treeOf([
        ['a', file('1')],
        ['b', file('1')],
        ['twin', file('2')],
      ]);
      await makeTree(root, tree);
      new GitScene(root).init();
      await writeFile(join(root, '.gitignore'), 'b\n');
      const id = await checkpoint();
      await writeFile(join(root, '.gitignore'), 'out\n');
      await mkdir(join(root, 'out'));
      await writeFile(join(root, 'out/log'), 'ignored');
      await link(join(root, 'twin'), join(root, 'other name'));
      await writeFile(join(root, 'a'), 'changed');
      const apply = ports.writer.apply.bind(ports.writer);
      ports.writer.apply = async (restoreId) => {
        await apply(restoreId);
        await appendFile(join(root, 'out/log'), 'ignored before');
        await appendFile(join(root, 'b'), 'ignored after');
        await appendFile(join(root, 'elsewhere'), 'not selected');
      };
      await restore(id, { paths: ['[abot]*', '.gitignore'] });
      expect(await readFile(join(root, 'a'), 'utf8')).toBe('1');
    });
  });
});

describe('undo', () => {
  it('goes back one restore after the other, and can itself be followed by a restore', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore, undo }) => {
      const write = (text: string): Promise<void> => writeFile(join(root, 'f'), text);
      const read = (): Promise<string> => readFile(join(root, 'f'), 'utf8');
      expect(await failureOf(undo())).toEqual({ code: 'nothing-to-undo' });
      await write('one');
      const first = await checkpoint();
      await write('two');
      const second = await checkpoint();
      await write('three');
      await restore(first);
      await write('four');
      await restore(second);
      expect(await read()).toBe('two');
      await undo();
      expect(await read()).toBe('four');
      await undo();
      expect(await read()).toBe('three');
      expect(await failureOf(undo())).toEqual({ code: 'nothing-to-undo' });
      await restore(first);
      expect(await read()).toBe('one');
      expect((await findUndoable(ports.store, 'undo')).checkpointId).toBe(first);
      await undo();
      expect(await read()).toBe('three');
    });
  });
});

describe('redo', () => {
  it('goes forward over the undos, with what was edited in between', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore, undo, redo }) => {
      const write = (text: string): Promise<void> => writeFile(join(root, 'f'), text);
      const read = (): Promise<string> => readFile(join(root, 'f'), 'utf8');
      const depths = async (): Promise<readonly number[]> => {
        const stacks = await readUndoStacks(ports.store);
        return [stacks.undo.length, stacks.redo.length];
      };
      const ids = new Map<string, string>();
      for (const text of ['one', 'two', 'three']) {
        await write(text);
        ids.set(text, await checkpoint());
      }
      expect(await failureOf(redo())).toEqual({ code: 'nothing-to-redo' });
      await restore(ids.get('two') ?? '');
      await restore(ids.get('one') ?? '');
      expect(await depths()).toEqual([2, 0]);
      await write('one, edited');
      await undo();
      expect(await read()).toBe('two');
      await undo();
      expect([await read(), await depths()]).toEqual(['three', [0, 2]]);
      await write('three, edited');
      expect((await redo()).kind).toBe('redo');
      expect([await read(), await depths()]).toEqual(['two', [1, 1]]);
      await redo();
      expect([await read(), await depths()]).toEqual(['one, edited', [2, 0]]);
      await undo();
      await undo();
      expect([await read(), await depths()]).toEqual(['three, edited', [0, 2]]);
      await redo();
      expect(await read()).toBe('two');
    });
  });

  it('is over after a new restore, and the undos before it stay', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore, undo, redo }) => {
      await writeFile(join(root, 'f'), 'one');
      const one = await checkpoint();
      await writeFile(join(root, 'f'), 'two');
      const two = await checkpoint();
      await restore(one);
      await restore(two);
      await undo();
      await restore(two);
      expect(await failureOf(redo())).toEqual({ code: 'nothing-to-redo' });
      const { undo: stack } = await readUndoStacks(ports.store);
      expect(stack.map(({ checkpointId }) => checkpointId)).toEqual([two, one]);
    });
  });
});

describe('a restore of some paths', () => {
  const saved = treeOf([
    ['keep', file('saved')],
    ['src/a.ts', file('saved')],
    ['src/b.ts', file('saved')],
    ['src/deep/c.ts', file('saved')],
    ['gone/deep/d', file('saved')],
  ]);
  const present = treeOf([
    ['keep', file('present')],
    ['new', file('present')],
    ['src/a.ts', file('present', 0o755)],
    ['src/e.ts', file('present')],
    ['src/deep', file('a file now')],
  ]);
  const read = (tree: ModelTree): readonly string[] =>
    [...tree].flatMap(([path, node]) => (node.kind === 'file' ? [`${path}: ${node.text}`] : []));

  it('adds, changes and deletes only those, undoes only those, and leaves rows alone', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, preview, restore, undo, redo }) => {
      await makeTree(root, saved);
      await ports.store.write((tx) => tx.insert('tasks', task({ title: 'saved' })));
      const id = await checkpoint();
      await makeTree(root, present);
      await ports.store.write((tx) => tx.update('tasks', { key: [1], set: { title: 'present' } }));
      const options = { paths: ['src', 'gone/*/d'] };
      const shown = await preview(id, options);
      expect(shown.rows).toEqual([]);
      expect(shown.changes.map(({ path, change }) => `${change} ${path}`)).toEqual([
        'add gone/deep/d',
        'change src/a.ts',
        'add src/b.ts',
        'type src/deep',
        'add src/deep/c.ts',
        'delete src/e.ts',
      ]);
      const row = await restore(id, { ...options, preview: shown });
      expect(row).toMatchObject({ only: ['code'], paths: options.paths });
      expect(read(await readTree(root))).toEqual([
        'gone/deep/d: saved',
        'keep: present',
        'new: present',
        'src/a.ts: saved',
        'src/b.ts: saved',
        'src/deep/c.ts: saved',
      ]);
      expect((await ports.store.read((tx) => tx.get('tasks', 1)))?.title).toBe('present');
      const restored = await readTree(root);
      await writeFile(join(root, 'keep'), 'edited after');
      await undo();
      expect(read(await readTree(root))).toEqual(
        read(present).map((line) => line.replace('keep: present', 'keep: edited after')),
      );
      await writeFile(join(root, 'keep'), 'present');
      await redo();
      expect(await readTree(root)).toEqual(restored);
    });
  });

  it('restores rows too when it is told to, and refuses paths without code', async () => {
    await withRestoreBench(async ({ root, ports, checkpoint, restore }) => {
      await makeTree(root, saved);
      await ports.store.write((tx) => tx.insert('tasks', task({ title: 'saved' })));
      const id = await checkpoint();
      await makeTree(root, present);
      await ports.store.write((tx) => tx.update('tasks', { key: [1], set: { title: 'present' } }));
      expect(await failureOf(restore(id, { paths: ['src'], only: ['state'] }))).toMatchObject({
        code: 'invalid-argument',
      });
      await restore(id, { paths: ['src/b.ts'], only: ['code', 'state'] });
      expect((await ports.store.read((tx) => tx.get('tasks', 1)))?.title).toBe('saved');
      expect((await readTree(root)).get('keep')).toMatchObject({ text: 'present' });
    });
  });

  it('is refused for what names nothing, and for what is behind something that was not named', async () => {
    await withRestoreBench(async (bench) => {
      const { root, checkpoint, restore } = bench;
      await makeTree(root, saved);
      const id = await checkpoint();
      await makeTree(root, present);
      const before = await snapshotOf(bench);
      expect(await failureOf(restore(id, { paths: ['src/a.ts', 'srx', '*.md'] }))).toEqual({
        code: 'invalid-argument',
        argument: '--path',
        problem: "`srx`, `*.md` is neither in the checkpoint nor among the project's covered files",
      });
      expect(await failureOf(restore(id, { paths: ['src/deep/c.ts'] }))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: 'src/deep' }],
      });
      expect(await snapshotOf(bench)).toEqual(before);
    });
  });
});

describe("the project's own directory", () => {
  it('stays what it is where it is a link now, or was one', async () => {
    await withRestoreBench(async ({ root, dataDir, checkpoint, restore, undo }) => {
      const own = join(root, '.codeframe');
      const elsewhere = join(dataDir, 'elsewhere');
      for (const dir of [own, elsewhere]) {
        await mkdir(dir);
        await writeFile(join(dir, 'config.json'), '{}');
      }
      await writeFile(join(root, 'f'), 'one');
      const asDirectory = await checkpoint();
      await rm(own, { recursive: true });
      await symlink(elsewhere, own);
      await writeFile(join(root, 'f'), 'two');
      const asLink = await checkpoint();
      await restore(asDirectory);
      expect(await readFile(join(root, 'f'), 'utf8')).toBe('one');
      await undo();
      expect(await readFile(join(root, 'f'), 'utf8')).toBe('two');
      expect((await lstat(own)).isSymbolicLink()).toBe(true);
      await rm(own);
      await mkdir(own);
      await writeFile(join(own, 'config.json'), '{}');
      await writeFile(join(root, 'f'), 'three');
      await restore(asLink);
      expect(await readFile(join(root, 'f'), 'utf8')).toBe('two');
      await undo();
      expect(await readFile(join(root, 'f'), 'utf8')).toBe('three');
      expect((await lstat(own)).isDirectory()).toBe(true);
    });
  });
});

describe('names that start like those of a restore', () => {
  it('are files like any other, also while a restore runs', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore, undo }) => {
      const notes = join(root, '.codeframe-restore-notes');
      await writeFile(notes, 'one');
      await writeFile(join(root, 'f'), 'one');
      const id = await checkpoint();
      await writeFile(notes, 'two');
      await writeFile(join(root, 'f'), 'two');
      const { figures } = await restore(id);
      expect(figures).toMatchObject({ changed: 2 });
      expect(await readFile(notes, 'utf8')).toBe('one');
      await rm(notes);
      await undo();
      expect(await readFile(notes, 'utf8')).toBe('two');
    });
  });
});

function file(text: string, mode = 0o644): ModelNode {
  return { kind: 'file', mode, text };
}

/** Everything that a refused restore may not change. */
async function snapshotOf({
  root,
  ports,
}: RestoreBench): Promise<{ tree: ModelTree; [part: string]: unknown }> {
  return ports.store.read(async (tx) => ({
    tree: await readTree(root),
    restores: await tx.list('restores'),
    checkpoints: await tx.list('checkpoints'),
    tasks: await tx.list('tasks'),
    journals: await ports.writer.open(),
  }));
}

async function timesOf(root: string): Promise<unknown> {
  const times: unknown[] = [];
  for (const path of ['', ...(await readTree(root)).keys()]) {
    const { mtimeNs, ctimeNs } = await stat(join(root, path), { bigint: true });
    times.push([path, mtimeNs, ctimeNs]);
  }
  return times;
}

function withoutGit(tree: ModelTree): ModelTree {
  return new Map([...tree].filter(([path]) => path !== '.git' && !path.startsWith('.git/')));
}

/** Cuts every loose object and pack short by a few bytes. */
async function damage(objects: string): Promise<void> {
  for (const name of await readdir(objects, { recursive: true, withFileTypes: true })) {
    const path = join(name.parentPath, name.name);
    if (!name.isFile() || name.name.endsWith('.idx') || name.name.endsWith('.rev')) continue;
    await chmod(path, 0o600);
    await truncate(path, (await stat(path)).size - 25);
  }
}
