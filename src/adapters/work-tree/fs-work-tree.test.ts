import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import {
  appendFile,
  chmod,
  link,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomTree } from '../../../test/rig/random-tree.ts';
import { makeTree } from '../../../test/rig/real-tree.ts';
import { entriesOf, restoreNamePrefix, type ScannedEntry, type TreePath } from '../../checkpoint/tree.ts';
import type { KnownObject, WorkTree } from '../../checkpoint/work-tree.ts';
import { openWorkTree } from './fs-work-tree.ts';

let place: string;
let root: string;
let ignored: Map<string, readonly TreePath[]>;

beforeEach(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'codeframe-tree-')));
  root = join(place, 'project');
  await mkdir(root);
  ignored = new Map();
});
afterEach(async () => {
  await rm(place, { recursive: true, force: true });
});

/** As if `laterMs` had passed since the files were written. */
function open(laterMs = 0): WorkTree {
  return openWorkTree({
    root,
    dataDir: place,
    now: () => Date.now() + laterMs,
    restoring: async () => ['r1'],
    ignored: async (nested) =>
      (nested === undefined ? [''] : nested).flatMap((path) => ignored.get(path) ?? []),
  });
}

const at = (path: string): string => join(root, path);
const bytesAt = (path: TreePath): Buffer =>
  Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
/** Without root's rights, which know no closed doors. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  await chmod(place, 0o755);
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

async function scanned(tree: WorkTree = open(), include: readonly TreePath[] = []) {
  const scan = await tree.scan({ include });
  return {
    entries: entriesOf(scan.runs).map(describeEntry),
    uncovered: scan.uncovered.map(({ path, reason, directory }) => [path, reason, directory]),
  };
}

function describeEntry(entry: ScannedEntry): readonly (string | number | boolean)[] {
  if (entry.kind === 'link') return [entry.path, 'link', entry.target];
  if (entry.kind === 'directory') return [entry.path, 'directory', entry.mode, entry.empty];
  return [entry.path, 'file', entry.mode];
}

describe('scanning', () => {
  it('lists files, links and directories with all permission bits, sorted by path', async () => {
    await mkdir(at('d/empty'), { recursive: true });
    await writeFile(at('d/f'), 'x');
    await writeFile(at('d-e'), 'x');
    await writeFile(at('secret'), 'x');
    await chmod(at('secret'), 0o600);
    await chmod(at('d-e'), 0o4755);
    await chmod(at('d/empty'), 0o1777);
    await symlink('../outside', at('l'));
    await symlink('/', at('d/root'));
    expect(await scanned()).toEqual({
      entries: [
        ['d', 'directory', 0o755, false],
        ['d-e', 'file', 0o4755],
        ['d/empty', 'directory', 0o1777, true],
        ['d/f', 'file', 0o644],
        ['d/root', 'link', '/'],
        ['l', 'link', '../outside'],
        ['secret', 'file', 0o600],
      ],
      uncovered: [],
    });
  });

  it('keeps names of any bytes', async () => {
    const names = [
      'new\nline',
      '\ttab',
      ' spaces ',
      '"quoted"',
      'back\\slash',
      '-dash',
      '*.c',
      '\xff\xfe',
      '\xc3\xa9',
      'e\xcc\x81',
      '\xe9',
    ];
    for (const name of names) await writeFile(bytesAt(name), name, 'latin1');
    await mkdir(bytesAt('\xe9dir'));
    await writeFile(bytesAt('\xe9dir/\xff'), 'below');
    await symlink(Buffer.from('\xff target', 'latin1'), bytesAt('\xfd'));
    const tree = open();
    const { entries } = await scanned(tree);
    const files = [...names, '\xe9dir/\xff'].map((name) => [name, 'file', 0o644]);
    const others = [
      ['\xe9dir', 'directory', 0o755, false],
      ['\xfd', 'link', '\xff target'],
    ];
    expect(entries).toEqual([...files, ...others].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
    for (const name of names) {
      const read = await tree.read(name);
      expect(read.ok && Buffer.from(read.bytes).toString('latin1')).toBe(name);
    }
  });

  it('leaves out what is ignored, what is special, and the insides of git', async () => {
    await mkdir(at('.git/objects'), { recursive: true });
    await mkdir(at('nested/.git'), { recursive: true });
    await writeFile(at('nested/a'), '');
    await writeFile(at('nested/a.log'), '');
    await mkdir(at('worktree'));
    await writeFile(at('worktree/.git'), 'gitdir: elsewhere\n');
    await mkdir(at('dist/deep'), { recursive: true });
    await writeFile(at('dist/deep/x'), '');
    await writeFile(at('.env'), 'SECRET');
    await mkdir(at('.codeframe'));
    await writeFile(at('.codeframe/config.json'), '{}');
    await writeFile(at(`${restoreNamePrefix}r1-1.new`), '');
    execFileSync('mkfifo', [at('pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
    ignored.set('', ['dist', '.env', 'gone']);
    ignored.set('nested', ['nested/a.log']);
    const found = await scanned();
    server.close();
    expect(found).toEqual({
      entries: [
        ['.codeframe', 'directory', 0o755, false],
        ['.codeframe/config.json', 'file', 0o644],
        ['nested', 'directory', 0o755, false],
        ['nested/a', 'file', 0o644],
        ['worktree', 'directory', 0o755, true],
      ],
      uncovered: [
        ['.env', 'ignored', false],
        ['dist', 'ignored', true],
        ['nested/.git', 'git-internal', true],
        ['nested/a.log', 'ignored', false],
        ['pipe', 'special', false],
        ['socket', 'special', false],
        ['worktree/.git', 'git-internal', false],
      ],
    });
  });

  it('takes in what is included though it is ignored or too large, and only that', async () => {
    await mkdir(at('dist/deep'), { recursive: true });
    await writeFile(at('dist/deep/keep'), '');
    await writeFile(at('dist/deep/drop'), '');
    await writeFile(at('dist/other'), '');
    await writeFile(at('.env'), '');
    await writeFile(at('large'), '12345');
    await writeFile(at('larger'), '123456');
    ignored.set('', ['dist', '.env']);
    const scan = await open().scan({ include: ['dist/deep/keep', '.env', 'large'], fileBytesMax: 4 });
    expect(entriesOf(scan.runs).map(describeEntry)).toEqual([
      ['.env', 'file', 0o644],
      ['dist', 'directory', 0o755, false],
      ['dist/deep', 'directory', 0o755, false],
      ['dist/deep/keep', 'file', 0o644],
      ['large', 'file', 0o644],
    ]);
    expect(scan.uncovered).toEqual([
      { path: 'dist/deep/drop', reason: 'ignored', directory: false, size: 0 },
      { path: 'dist/other', reason: 'ignored', directory: false, size: 0 },
      { path: 'larger', reason: 'over-budget', directory: false, size: 6 },
    ]);
    expect((await scanned(open(), ['dist'])).entries).toContainEqual(['dist/other', 'file', 0o644]);
  });

  it('leaves out the largest files when all together are over the budget, and lists them', async () => {
    for (const [name, size] of [
      ['a', 50],
      ['b', 300],
      ['c', 200],
      ['d', 300],
      ['kept', 400],
    ] as const)
      await writeFile(at(name), 'x'.repeat(size));
    const tree = openWorkTree({
      root,
      dataDir: place,
      ignored: () => Promise.resolve([]),
      bytesMax: 700,
      include: ['kept'],
    });
    const { runs, uncovered } = await tree.scan({ include: [] });
    expect(entriesOf(runs).map(({ path }) => path)).toEqual(['a', 'c', 'kept']);
    expect(uncovered).toEqual([
      { path: 'b', reason: 'over-budget', directory: false, size: 300 },
      { path: 'd', reason: 'over-budget', directory: false, size: 300 },
    ]);
  });

  it('sees what is no longer ignored, though the scan before left it out', async () => {
    await mkdir(at('dist/sub'), { recursive: true });
    await writeFile(at('dist/sub/x'), '');
    ignored.set('', ['dist']);
    const tree = open();
    expect((await scanned(tree)).entries).toEqual([]);
    await tree.remember(new Map());
    ignored.clear();
    for (const again of [tree, open()]) {
      expect((await scanned(again)).entries.map(([path]) => path)).toEqual([
        'dist',
        'dist/sub',
        'dist/sub/x',
      ]);
    }
  });

  it('fails when what is ignored cannot be found out', async () => {
    const tree = openWorkTree({
      root,
      dataDir: place,
      ignored: () => Promise.reject(new Error('git broke')),
    });
    await expect(tree.scan({ include: [] })).rejects.toThrow('git broke');
  });

  it('lists what it may not read', async () => {
    await mkdir(at('closed'));
    await writeFile(at('closed/x'), '');
    await writeFile(at('private'), '');
    await chmod(at('closed'), 0o000);
    await chmod(at('private'), 0o000);
    const { scan, read } = await asNobody(async () => ({
      scan: await scanned(),
      read: await open().read('private'),
    }));
    expect(scan.uncovered).toEqual([['closed', 'unreadable', true]]);
    expect(read).toEqual({ ok: false, reason: 'unreadable' });
    await chmod(at('closed'), 0o700);
  });

  it('lists any tree as it is', async () => {
    await fc.assert(
      fc.asyncProperty(randomTree(['a', 'b', '\xff']), async (model) => {
        await makeTree(root, model);
        const expected = [...model].map(([path, node]) => {
          if (node.kind === 'link') return [path, 'link', node.target];
          if (node.kind === 'file') return [path, 'file', node.mode];
          return [
            path,
            'directory',
            node.mode,
            ![...model.keys()].some((other) => other.startsWith(`${path}/`)),
          ];
        });
        expect((await scanned()).entries).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a tree that is large enough for threads', () => {
  const folders = 16;
  const files = 200;

  async function makeLarge(): Promise<void> {
    for (let d = 0; d < folders; d++) {
      const dir = d % 7 === 0 ? `d${d}/\xe9` : `d${d}`;
      await mkdir(bytesAt(dir), { recursive: true });
      for (let f = 0; f < files; f++) writeFileSync(bytesAt(`${dir}/f${f}`), `${d} ${f}`);
    }
  }

  it('is seen as it is at each scan, whatever was seen before', async () => {
    await makeLarge();
    const tree = open(later);
    const paths = await capture(tree);
    expect(paths).toHaveLength(folders * files);
    // The directories are known now, so that all are looked at at once.
    expect(await capture(tree)).toEqual([]);
    expect(await capture(open(later))).toEqual([]);
    writeFileSync(at('d1/f1'), 'changed');
    writeFileSync(at('d2/new'), 'new');
    await mkdir(at('d3/sub'));
    writeFileSync(at('d3/sub/new'), 'new');
    await chmod(at('d4/f1'), 0o600);
    await unlink(at('d5/f1'));
    await rename(at('d6'), join(place, 'd6'));
    await symlink(join(place, 'd6'), at('d6'));
    await rm(at('d8'), { recursive: true });
    const found = await scanned(tree);
    expect(found).toEqual(await scanned(openWorkTree({ root, dataDir: at('..'), ignored: async () => [] })));
    expect(found.entries).toContainEqual(['d6', 'link', join(place, 'd6')]);
    expect(await capture(tree)).toEqual(['d1/f1', 'd2/new', 'd3/sub/new', 'd4/f1']);
    expect((await scanned(tree)).entries.filter(([, kind]) => kind === 'file')).toHaveLength(
      folders * files - 2 * files - 1 + 2,
    );
    // Thousands of files take their time on a busy machine.
  }, 90_000);
});

it('asks nobody about a repository behind a link that took the place of a directory', async () => {
  await mkdir(at('a/n/.git'), { recursive: true });
  const asked: TreePath[] = [];
  const tree = openWorkTree({
    root,
    dataDir: place,
    ignored: async (nested = []) => {
      asked.push(...nested);
      return [];
    },
  });
  await tree.scan({ include: [] });
  expect(asked).toEqual(['a/n']);
  await rename(at('a'), join(place, 'elsewhere'));
  await symlink(join(place, 'elsewhere'), at('a'));
  const { runs } = await tree.scan({ include: [] });
  expect(entriesOf(runs)).toMatchObject([{ kind: 'link', path: 'a' }]);
  expect(asked).toEqual(['a/n']);
});

it('asks git what is ignored only when it may say something else than the last time', async () => {
  await mkdir(at('d/dist'), { recursive: true });
  await writeFile(at('d/f'), '1');
  let asked = 0;
  let rules = 'these';
  const tree = openWorkTree({
    root,
    dataDir: place,
    ignored: () => {
      asked += 1;
      return Promise.resolve(['d/dist']);
    },
    ignoredBy: () => rules,
  });
  const asksOf = async (work: () => Promise<unknown>): Promise<number> => {
    await work();
    asked = 0;
    await tree.scan({ include: [] });
    return asked;
  };
  expect(await asksOf(() => tree.scan({ include: [] }))).toBe(0);
  expect(await asksOf(() => writeFile(at('d/f'), 'another'))).toBe(0);
  expect(await asksOf(() => writeFile(at('d/dist/new'), 'ignored'))).toBe(0);
  expect(await asksOf(() => writeFile(at('d/g'), 'new'))).toBe(1);
  expect(await asksOf(() => rm(at('d/g')))).toBe(1);
  expect(await asksOf(() => Promise.resolve((rules = 'others')))).toBe(1);
  // As young as it is it may be written again without a trace.
  expect(await asksOf(() => writeFile(at('.gitignore'), 'x'))).toBe(1);
  expect(await asksOf(() => Promise.resolve())).toBe(1);
});

/** What a file's object would be, for tests in which only sameness counts. */
const objectOf = (text: string): string => Buffer.from(text).toString('hex').padEnd(40, '0').slice(0, 40);

/** Reads what a scan does not know and remembers it, as a checkpoint does; answers the paths that it read. */
async function capture(tree: WorkTree, distrustCache = false): Promise<string[]> {
  const scan = await tree.scan({ include: [], distrustCache });
  const known = new Map<TreePath, KnownObject>();
  for (const entry of entriesOf(scan.runs)) {
    if (entry.kind !== 'file' || entry.object !== undefined) continue;
    const read = await tree.read(entry.path);
    if (read.ok)
      known.set(entry.path, { object: objectOf(Buffer.from(read.bytes).toString()), stat: read.stat });
  }
  await tree.remember(known);
  return [...known.keys()];
}

async function known(tree: WorkTree, path: TreePath): Promise<string | undefined> {
  const { runs } = await tree.scan({ include: [] });
  const found = entriesOf(runs).find((entry) => entry.path === path);
  return found?.kind === 'file' ? found.object : 'no file';
}

/** Long enough for the files of now to be trusted. */
const later = 5_000;

describe('the scan cache', () => {
  it('knows files that were left alone, also in another process, and reads each again that was not', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await writeFile(at(name), `${name}1`);
    expect(await capture(open(later))).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await capture(open(later))).toEqual([]);
    await writeFile(at('a'), 'a2');
    const { atime, mtime } = await import('node:fs').then(({ statSync }) => statSync(at('b')));
    await writeFile(at('b'), 'b2');
    await utimes(at('b'), atime, mtime);
    await chmod(at('c'), 0o755);
    await writeFile(join(place, 'new'), 'd2');
    utimesSync(join(place, 'new'), atime, mtime);
    await rename(join(place, 'new'), at('d'));
    await unlink(at('e'));
    expect(await capture(open(later))).toEqual(['a', 'b', 'c', 'd']);
    expect(await known(open(later), 'f')).toBe(objectOf('f1'));
  });

  it('never trusts a file that was written just before it was read: 10 same-size edits of 10 are seen', async () => {
    const tree = open();
    writeFileSync(at('f'), 'text 0');
    await capture(tree);
    for (let i = 1; i <= 10; i++) {
      writeFileSync(at('f'), `text ${i % 10}`);
      expect(await capture(tree)).toEqual(['f']);
    }
  });

  it('takes over what it knew of files that were not read again', async () => {
    await writeFile(at('a'), 'a');
    await capture(open(later));
    await writeFile(at('b'), 'b');
    await capture(open(later));
    expect(await known(open(later), 'a')).toBe(objectOf('a'));
  });

  it('is passed over when told to', async () => {
    await writeFile(at('a'), 'a');
    await capture(open(later));
    expect(await capture(open(later), true)).toEqual(['a']);
  });

  it('is only a hint: torn, altered, foreign or missing, all files are read', async () => {
    for (const name of ['a', 'b']) await writeFile(at(name), name);
    await capture(open(later));
    const path = join(place, 'stat-cache');
    const whole = readFileSync(path);
    const altered = Buffer.from(whole);
    altered[100] = (altered[100] ?? 0) ^ 1;
    const damaged = [
      whole.subarray(0, 50),
      whole.subarray(0, -1),
      altered,
      Buffer.from('nonsense'),
      Buffer.of(),
    ];
    for (const bytes of damaged) {
      writeFileSync(path, bytes);
      expect(await known(open(later), 'a')).toBeUndefined();
    }
    await rm(path);
    await mkdir(path);
    expect(await known(open(later), 'a')).toBeUndefined();
    await rm(path, { recursive: true });
    writeFileSync(path, whole);
    expect(await known(open(later), 'a')).toBe(objectOf('a'));
  });
});

describe('reading', () => {
  it('gives bytes, mode and signature', async () => {
    await writeFile(at('f'), 'some\0bytes');
    await chmod(at('f'), 0o640);
    const read = await open().read('f');
    expect(read).toMatchObject({ ok: true, mode: 0o640 });
    expect(read.ok && Buffer.from(read.bytes).toString()).toBe('some\0bytes');
    const seen = (await open().inspect(['f'])).get('f');
    expect(read.ok && JSON.stringify(read.stat)).toBe(seen?.kind === 'file' && JSON.stringify(seen.stat));
  });

  it('says what keeps it from it', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await mkdir(at('dir'));
    await writeFile(join(place, 'outside'), 'secret');
    await symlink(join(place, 'outside'), at('link'));
    const tree = open();
    const reasons = await Promise.all(
      ['pipe', 'dir', 'none', 'none/below', 'link'].map((path) => tree.read(path)),
    );
    expect(reasons.map((read) => (read.ok ? 'read' : read.reason))).toEqual([
      'special',
      'special',
      'gone',
      'gone',
      'changing',
    ]);
  });

  it('does not read through a directory that became a link', async () => {
    await mkdir(join(place, 'elsewhere'));
    await writeFile(join(place, 'elsewhere/f'), 'secret');
    await symlink(join(place, 'elsewhere'), at('dir'));
    expect(await open().read('dir/f')).toEqual({ ok: false, reason: 'changing' });
    await symlink('.', at('self'));
    await writeFile(at('f'), '');
    expect(await open().read('self/f')).toEqual({ ok: false, reason: 'changing' });
  });

  it('never gives a torn file while another process rewrites it', async () => {
    const size = 200_000;
    const program = `
      const fs = require('node:fs');
      const file = fs.openSync(${JSON.stringify(at('f'))}, 'w');
      const fill = (n) => { const b = Buffer.alloc(${size}, 97 + n % 26); for (let i = 0; i < b.length; i += 1000) fs.writeSync(file, b, i, 1000, i); };
      fill(0);
      console.log('ready');
      for (let n = 1; ; n++) { fill(n); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, n % 3 * 20); }`;
    const writer = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    const tree = open();
    for (let i = 0; i < 30; i++) {
      const read = await tree.read('f');
      expect(read.ok ? new Set(read.bytes).size : read.reason).toBe(read.ok ? 1 : 'changing');
    }
    writer.kill('SIGKILL');
    await once(writer, 'close');
    expect((await tree.read('f')).ok).toBe(true);
  });

  it('reads a hard link, an empty file and one of several megabytes', async () => {
    await writeFile(at('empty'), '');
    await writeFile(at('big'), Buffer.alloc(5_000_000, 7));
    await link(at('big'), at('hard'));
    const tree = open();
    const sizes = await Promise.all(['empty', 'big', 'hard'].map((path) => tree.read(path)));
    expect(sizes.map((read) => read.ok && read.bytes.length)).toEqual([0, 5_000_000, 5_000_000]);
  });

  it('reads a file whose times lie ahead', async () => {
    await writeFile(at('f'), 'x');
    await utimes(at('f'), 4_000_000_000, 4_000_000_000);
    expect((await open().read('f')).ok).toBe(true);
  });
});

describe('inspecting', () => {
  it('tells what is there, and never looks through a link', async () => {
    await mkdir(at('dir'));
    await writeFile(at('dir/f'), '12');
    await symlink('dir', at('link'));
    execFileSync('mkfifo', [at('pipe')]);
    const found = await open().inspect(['dir', 'dir/f', 'link', 'link/f', 'pipe', 'none', 'dir/f/below']);
    const told = [...found].map(([path, present]) => [path, present.kind]);
    expect(told).toEqual([
      ['dir', 'directory'],
      ['dir/f', 'file'],
      ['link', 'link'],
      ['link/f', 'absent'],
      ['pipe', 'special'],
      ['none', 'absent'],
      ['dir/f/below', 'absent'],
    ]);
  });
});

it('leaves the project as it was', async () => {
  await writeFile(at('f'), 'x');
  const before = execFileSync('find', [root, '-printf', '%p %m %T@ %C@\n']).toString();
  await capture(open(later));
  expect(execFileSync('find', [root, '-printf', '%p %m %T@ %C@\n']).toString()).toBe(before);
  expect(existsSync(join(place, 'stat-cache'))).toBe(true);
  await appendFile(at('f'), 'y');
  expect((await readFile(at('f'))).toString()).toBe('xy');
});
