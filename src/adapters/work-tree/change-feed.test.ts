import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { entriesOf } from '../../checkpoint/tree.ts';
import type { TreeScan, WorkTree } from '../../checkpoint/work-tree.ts';
import { openUserGit } from '../user-git/git-user-repository.ts';
import { ChangeFeed } from './change-feed.ts';
import { openWorkTree } from './fs-work-tree.ts';
import { watchDirectories, type WatchAnswer } from './watch-directories.ts';

let place: string;
let root: string;
let tree: WorkTree;

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-feed-')));
  root = join(place, 'project');
  mkdirSync(root);
  spawnSync('git', ['init', '-q', root]);
  tree = open('data');
});
afterEach(() => {
  tree.close?.();
  rmSync(place, { recursive: true, force: true });
});

function open(dataDir: string, now: () => number = Date.now): WorkTree {
  const git = openUserGit({ root });
  mkdirSync(join(place, dataDir), { recursive: true });
  return openWorkTree({
    root,
    dataDir: join(place, dataDir),
    ignored: (nested) => git.ignored(nested),
    // Nobody stages anything here, or changes git's settings.
    ignoredBy: () => 'the same',
    feedNamesMin: 1,
    now,
  });
}

const at = (path: string): string => join(root, path);

/** All that a scan says of the tree; of a file also the numbers that stand for its bytes. */
function described({ runs, uncovered }: TreeScan): unknown {
  return {
    entries: entriesOf(runs).map((entry) => {
      if (entry.kind !== 'file') return entry;
      const { size, mtimeMs, ctimeMs, inode } = entry.stat;
      return [entry.path, entry.mode, size, mtimeMs, ctimeMs, inode];
    }),
    uncovered: uncovered.filter(({ path }) => path !== '.git'),
  };
}

const whole = async (): Promise<unknown> => described(await open('other').scan({ include: [] }));
const byFeed = (): Promise<TreeScan> => tree.scan({ include: [], byFeed: true });

/** Of a thread that is there, or the tests would show nothing. */
function openFeed(): ChangeFeed {
  const feed = ChangeFeed.open(root);
  if (feed === undefined) throw new Error('there is no change feed on this file system');
  return feed;
}

describe('the change feed', () => {
  test('tells of each write that returned before it was asked, and of nothing else', async () => {
    for (let d = 0; d < 20; d++) mkdirSync(at(`d${d}`));
    const feed = openFeed();
    feed.watch(new Set(Array.from({ length: 20 }, (_, d) => `d${d}`)));
    expect(await feed.changes()).toMatchObject({ changed: [], lost: [] });
    for (let n = 0; n < 200; n++) {
      writeFileSync(at(`d${n % 20}/f${n % 7}`), `${n}`);
      expect(await feed.changes()).toMatchObject({ changed: [`d${n % 20}`], lost: [] });
    }
    feed.close();
    expect(await feed.changes()).toBeUndefined();
  });

  test('loses a directory that was deleted, or moved, and says so', async () => {
    for (const path of ['a', 'b', 'b/c', 'd']) mkdirSync(at(path));
    const feed = openFeed();
    feed.watch(new Set(['a', 'b', 'b/c', 'd']));
    await feed.changes();
    fs.rmdirSync(at('a'));
    mkdirSync(at('a'));
    renameSync(at('b'), at('e'));
    const changes = await feed.changes();
    expect(changes?.lost.toSorted()).toEqual(['a', 'b']);
    expect([...feed.watched].toSorted()).toEqual(['b/c', 'd']);
    feed.close();
  });

  test('knows nothing when more happened at once than the system keeps', async () => {
    const answers: WatchAnswer[] = [];
    const ask = watchDirectories({
      watch: fs.watch,
      root,
      eventsMax: 10,
      answer: (found) => answers.push(found),
    });
    await ask({ add: [''], drop: [] });
    for (let n = 0; n < 50; n++) writeFileSync(at(`f${n}`), '');
    await ask({ id: 1 });
    writeFileSync(at('one'), '');
    await ask({ id: 2 });
    await ask({ add: [], drop: [''] });
    expect(answers.map(({ isTooMuch }) => isTooMuch)).toEqual([true, false]);
    expect(answers[1]?.changed).toEqual(['']);
  });
});

describe('a scan by the feed', () => {
  test('looks only where something has happened, and now and then at everything', async () => {
    for (let d = 0; d < 30; d++) {
      mkdirSync(at(`d${d}`));
      writeFileSync(at(`d${d}/f`), `${d}`);
    }
    const believed: (number | undefined)[] = [];
    for (let scan = 0; scan < 13; scan++) believed.push((await byFeed()).believed);
    // The first starts the feed, and the second is the first look at what is watched.
    expect(believed.slice(0, 4)).toEqual([undefined, undefined, 31, 31]);
    expect(believed.slice(2).filter((one) => one === undefined)).toHaveLength(1);
    writeFileSync(at('d7/f'), 'other');
    expect((await byFeed()).believed).toBe(30);
    expect(described(await byFeed())).toEqual(await whole());
    expect((await tree.scan({ include: [] })).believed).toBeUndefined();
  });

  test('looks again at what changed for a while, for what goes on without an event', async () => {
    tree.close?.();
    let later = 0;
    tree = open('data', () => Date.now() + later);
    mkdirSync(at('d'));
    mkdirSync(at('e'));
    for (let scan = 0; scan < 3; scan++) await byFeed();
    writeFileSync(at('d/f'), '1');
    expect((await byFeed()).believed).toBe(2);
    expect((await byFeed()).believed).toBe(2);
    later = 61_000;
    expect((await byFeed()).believed).toBe(3);
  });

  test('sees the writes to a file by another name', async () => {
    mkdirSync(at('d'));
    writeFileSync(at('d/f'), '1');
    fs.linkSync(at('d/f'), join(place, 'elsewhere'));
    for (let scan = 0; scan < 3; scan++) await byFeed();
    writeFileSync(join(place, 'elsewhere'), 'more');
    expect(described(await byFeed())).toEqual(await whole());
  });

  test('sees the writes to a file by another name in the project, which it got later', async () => {
    mkdirSync(at('d'));
    writeFileSync(at('d/f'), '1');
    for (let scan = 0; scan < 3; scan++) await byFeed();
    fs.linkSync(at('d/f'), at('g'));
    for (const text of ['more', 'and more']) {
      writeFileSync(at('g'), text);
      expect(described(await byFeed())).toEqual(await whole());
    }
  });

  test('sees what is below a directory that was put in the place of another', async () => {
    for (const path of ['a', 'a/b', 'c', 'c/b', 'c/b/d']) mkdirSync(at(path));
    for (let scan = 0; scan < 3; scan++) await byFeed();
    renameSync(at('a'), at('z'));
    renameSync(at('c'), at('a'));
    expect(described(await byFeed())).toEqual(await whole());
    for (let n = 0; n < 3; n++) {
      writeFileSync(at(`a/b/d/f${n}`), 'new');
      expect(described(await byFeed())).toEqual(await whole());
    }
  });

  test('asks git again when a name is of another kind, or a rule has changed', async () => {
    writeFileSync(at('.gitignore'), 'out/\n');
    mkdirSync(at('out'));
    // One to be believed.
    mkdirSync(at('other'));
    for (let scan = 0; scan < 3; scan++) await byFeed();
    expect((await byFeed()).uncovered).toContainEqual({ path: 'out', reason: 'ignored', directory: true });
    fs.rmdirSync(at('out'));
    writeFileSync(at('out'), 'a file');
    expect(described(await byFeed())).toEqual(await whole());
    writeFileSync(at('.gitignore'), 'out\n');
    expect(described(await byFeed())).toEqual(await whole());
    expect((await byFeed()).uncovered).toContainEqual({
      path: 'out',
      reason: 'ignored',
      directory: false,
      size: 6,
    });
    writeFileSync(at('.gitignore'), 'in\n');
    expect(described(await byFeed())).toEqual(await whole());
    expect((await byFeed()).uncovered).toHaveLength(0);
  });

  test('is as one that looks at everything, whatever happens between them', async () => {
    const names = ['a', 'a-b', 'a.c', 'b', 'sub', '.gitignore', 'x\u00e9'];
    const path = fc
      .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('/'));
    const operation = fc.oneof(
      fc.record({
        kind: fc.constantFrom('write', 'mkdir', 'delete', 'chmod', 'link', 'ignore', 'hard'),
        path,
      }),
      fc.record({ kind: fc.constant('move'), path, to: path }),
    );
    const round = fc.tuple(fc.array(operation, { maxLength: 6 }), fc.boolean());
    const rounds = fc.array(round, { minLength: 4, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(rounds, async (made) => {
        tree.close?.();
        rmSync(root, { recursive: true });
        mkdirSync(root);
        spawnSync('git', ['init', '-q', root]);
        let later = 0;
        tree = open('data', () => Date.now() + later);
        for (const [n, [operations, isByFeed]] of made.entries()) {
          // So that what changed is not looked at again for that alone.
          later += 61_000;
          for (const one of operations) quietly(() => perform(one, n));
          expect(described(await (isByFeed ? byFeed() : tree.scan({ include: [] })))).toEqual(await whole());
        }
      }),
      { numRuns: 40 },
    );
    // Each scan starts a git or two, on a machine that may have others to run.
  }, 240_000);
});

interface Operation {
  readonly kind: string;
  readonly path: string;
  readonly to?: string;
}

function perform({ kind, path, to = '' }: Operation, n: number): void {
  switch (kind) {
    case 'write':
      mkdirSync(join(at(path), '..'), { recursive: true });
      return writeFileSync(at(path), 'x'.repeat(n));
    case 'mkdir':
      mkdirSync(at(path), { recursive: true });
      return;
    case 'delete':
      return rmSync(at(path), { recursive: true });
    case 'chmod':
      return fs.chmodSync(at(path), n % 2 === 0 ? 0o755 : 0o700);
    case 'link':
      return fs.symlinkSync(`to ${n}`, at(path));
    case 'ignore':
      return writeFileSync(join(at(path), '..', '.gitignore'), ['a\n', 'sub/\n!a\n', ''][n % 3] ?? '');
    case 'hard':
      return fs.linkSync(at(path), at(`hard${n}`));
    default:
      return renameSync(at(path), at(to));
  }
}

/** Most of what is made up at random cannot be done. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
