import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { recoverRestores } from '../../src/checkpoint/recover-restore.ts';
import { restoreNamePrefix } from '../../src/checkpoint/tree.ts';
import { isFailure } from '../../src/failure.ts';
import { task } from '../conformance/store-rows.ts';
import { benchFence, openRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';
import { treeFacts, type TreeFacts } from '../rig/tree-facts.ts';

/*
 * Case 54: everything, the database too, lies on a disk of 3 MB, and its room runs out right before the Nth call of a
 * port, for every N until an operation makes no more. Then it is as before or as wanted, and once there is room, the same
 * operation works.
 */
describe.skipIf(!mayMount())('a disk that becomes full at every step (needs the right to mount)', () => {
  it.each(['create', 'restore', 'undo'] as const)(
    '54. of %s: old or new, never a mix, and then it works',
    async (what) => {
      const ends: string[] = [];
      for (let step = 1; ; step++) {
        const end = await withDisk(async (scene) => tryAt(scene, what, step));
        if (end === null) break;
        ends.push(end);
      }
      console.log(`${what}: full at each of ${ends.length} steps: ${[...new Set(ends)].join(', ')}`);
      expect(ends.length).toBeGreaterThan(4);
      expect(ends).toContain('no-space');
    },
  );
});

interface Scene {
  readonly bench: RestoreBench;
  readonly fill: () => void;
  readonly makeRoom: () => void;
}

/** How it ended; null when there were fewer steps. */
async function tryAt(
  scene: Scene,
  what: 'create' | 'restore' | 'undo',
  step: number,
): Promise<string | null> {
  const { bench, fill, makeRoom } = scene;
  const { root, checkpoint, restore, undo } = bench;
  writeTree(root, 'saved');
  await setTitle(bench, 'saved');
  const saved = await checkpoint();
  writeTree(root, 'present');
  await setTitle(bench, 'present');
  const states = { saved: read(root), present: read(root) };
  if (what !== 'create') await restore(saved);
  states.saved = what === 'create' ? states.present : read(root);
  if (what === 'restore') await undo();
  const work = { create: checkpoint, restore: () => restore(saved), undo }[what];
  const before = read(root);
  const counting = countCalls(bench, step, fill);
  const thrown = await Promise.resolve(work()).then(
    () => null,
    (error: unknown) => error,
  );
  counting.end();
  const wanted = { create: before, restore: states.saved, undo: states.present }[what];
  if (thrown !== null && !isFailure(thrown)) throw thrown;
  if (thrown !== null && !isFailure(thrown, 'unfinished-work')) expectState(bench, before);
  makeRoom();
  await recoverRestores(bench.ports, benchFence);
  expectState(bench, thrown === null ? wanted : before);
  if (thrown !== null) await work();
  expectState(bench, wanted);
  expect(await title(bench)).toBe(what === 'restore' ? 'saved' : 'present');
  for (const id of await bench.ports.checkpoints.ids()) await bench.ports.checkpoints.verify(id);
  if (!counting.reached()) return null;
  return thrown === null ? 'done' : thrown.failure.code;
}

/** The disk is full from the Nth call of a port on. */
function countCalls(
  { ports }: RestoreBench,
  step: number,
  strike: () => void,
): { readonly reached: () => boolean; readonly end: () => void } {
  let calls = 0;
  let isOver = false;
  const watch = (port: object, names: readonly string[]): void => {
    for (const name of names) {
      const work: unknown = Reflect.get(port, name);
      if (typeof work !== 'function') throw new Error(`no ${name}`);
      Reflect.set(port, name, (...args: readonly unknown[]): unknown => {
        if (!isOver && ++calls === step) strike();
        return Reflect.apply(work, port, args);
      });
    }
  };
  watch(ports.store, ['write', 'read']);
  watch(ports.checkpoints, ['create', 'open', 'verify']);
  watch(ports.tree, ['scan', 'remember']);
  watch(ports.writer, ['check', 'prepare', 'apply', 'finish']);
  return { reached: () => calls >= step, end: () => void (isOver = true) };
}

function writeTree(root: string, text: string): void {
  for (let i = 0; i < 12; i++) {
    mkdirSync(join(root, `dir${i % 3}`), { recursive: true });
    writeFileSync(join(root, `dir${i % 3}/file${i}`), `${text} ${i} `.repeat(600));
  }
  writeFileSync(join(root, `only-${text}`), text);
  rmSync(join(root, text === 'saved' ? 'only-present' : 'only-saved'), { force: true });
}

async function setTitle({ ports }: RestoreBench, text: string): Promise<void> {
  await ports.store.write(async (tx) => {
    if ((await tx.get('tasks', 1)) === undefined) await tx.insert('tasks', task({ title: text }));
    else await tx.update('tasks', { key: [1], set: { title: text } });
  });
}

async function title({ ports }: RestoreBench): Promise<string | undefined> {
  return (await ports.store.read((tx) => tx.get('tasks', 1)))?.title;
}

function read(root: string): TreeFacts {
  return treeFacts(root);
}

function expectState({ root }: RestoreBench, wanted: TreeFacts): void {
  expect(read(root)).toEqual(wanted);
  expect([...read(root).keys()].filter((name) => name.includes(restoreNamePrefix))).toEqual([]);
}

async function withDisk<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  const disk = mkdtempSync(join(tmpdir(), 'codeframe-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
  mkdirSync(join(disk, 'data'));
  try {
    const place = { path: join(disk, 'data/state.db'), backupsDir: join(disk, 'data/backups') };
    const store = await openSqliteStore(place);
    const bench = await openRestoreBench(disk, store);
    const filler = join(disk, 'filler');
    const fill = (): void => {
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    };
    try {
      return await work({ bench, fill, makeRoom: () => rmSync(filler, { force: true }) });
    } finally {
      await bench.ports.checkpoints.close();
      await store.close();
    }
  } finally {
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  }
}

function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const dir = mkdtempSync(join(tmpdir(), 'codeframe-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]).status === 0;
  if (mounted) spawnSync('umount', [dir]);
  rmSync(dir, { recursive: true });
  return mounted;
}
