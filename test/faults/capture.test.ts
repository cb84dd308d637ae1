import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createCheckpoint,
  type CheckpointPorts,
  type CreatedCheckpoint,
} from '../../src/checkpoint/create-checkpoint.ts';
import { diffCode } from '../../src/checkpoint/diff.ts';
import { rowsFromParts } from '../../src/checkpoint/parts.ts';
import { isFailure } from '../../src/failure.ts';
import { item, task } from '../conformance/store-rows.ts';
import { randomTree, type ModelNode } from '../rig/random-tree.ts';
import { makeTree, readTree } from '../rig/real-tree.ts';
import { openCapture } from './capture-ports.ts';

let place: string;
let root: string;
let opened: CheckpointPorts[];

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-capture-')));
  root = join(place, 'project');
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((ports) => ports.checkpoints.close()));
  rmSync(place, { recursive: true, force: true });
});

function open(options: Parameters<typeof openCapture>[1] = {}): CheckpointPorts {
  const ports = openCapture(place, options);
  opened.push(ports);
  return ports;
}

function capture(ports: CheckpointPorts, id?: string): Promise<CreatedCheckpoint> {
  return createCheckpoint(ports, {
    trigger: 'manual',
    createdBy: 'test',
    ...(id === undefined ? {} : { id }),
  });
}

function write(path: string, text = ''): void {
  const at = join(root, path);
  mkdirSync(join(at, '..'), { recursive: true });
  writeFileSync(at, text);
}

const identity = [
  '-c',
  'user.name=a',
  '-c',
  'user.email=a@a',
  '-c',
  'commit.gpgsign=false',
  '-c',
  'core.hooksPath=/dev/null',
];

function git(...args: string[]): string {
  return execFileSync('git', [...identity, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
}

/** A checkpoint's tree as `readTree` tells of one on disk. */
async function stored(ports: CheckpointPorts, id: string): Promise<Map<string, ModelNode>> {
  const checkpoint = await ports.checkpoints.open(id);
  const code = await checkpoint.code();
  const texts = new Map<string, string>();
  const ids = new Set(code.flatMap((entry) => (entry.kind === 'file' ? [entry.object] : [])));
  for await (const { object, bytes } of checkpoint.objects([...ids]))
    texts.set(object, Buffer.from(bytes).toString('latin1'));
  return new Map(
    code.map((entry): [string, ModelNode] => {
      if (entry.kind === 'link') return [entry.path, { kind: 'link', target: entry.target }];
      if (entry.kind === 'directory') return [entry.path, { kind: 'directory', mode: entry.mode }];
      return [entry.path, { kind: 'file', mode: entry.mode, text: texts.get(entry.object) ?? 'no bytes' }];
    }),
  );
}

describe('a capture', () => {
  it('holds the tree as another reader sees it, through 40 random trees, one after the other', async () => {
    const ports = open();
    const names = ['a', 'b', '\xff\n', '.git~1', 'git~1'];
    await fc.assert(
      fc.asyncProperty(randomTree(names), async (model) => {
        await makeTree(root, model);
        const { row } = await capture(ports);
        const found = await stored(ports, row.id);
        expect(found).toEqual(await readTree(root));
        const again = await capture(ports);
        expect(await stored(ports, again.row.id)).toEqual(found);
        await ports.checkpoints.verify(again.row.id);
      }),
      { numRuns: 40 },
    );
  });

  it('sees each of 10 same-size edits made right after the last checkpoint, also with the time set back', async () => {
    const ports = open({ laterMs: 0 });
    write('f', 'text 0');
    await capture(ports);
    for (let i = 1; i <= 10; i++) {
      const { mtime } = lstatSync(join(root, 'f'));
      writeFileSync(join(root, 'f'), `text ${i % 10}`);
      if (i % 2 === 0) execFileSync('touch', ['-d', mtime.toISOString(), join(root, 'f')]);
      const { row } = await capture(ports);
      expect((await stored(ports, row.id)).get('f')).toMatchObject({ text: `text ${i % 10}` });
    }
  });

  it('reads only what changed when the files are older than a moment', async () => {
    for (const name of ['a', 'b', 'c']) write(name, name);
    const ports = open({ laterMs: 5_000 });
    await capture(ports);
    write('b', 'B');
    const read: string[] = [];
    const counting = { ...ports.tree, read: (path: string) => (read.push(path), ports.tree.read(path)) };
    const { row } = await capture({ ...ports, tree: counting });
    expect(read).toEqual(['b']);
    expect((await stored(ports, row.id)).get('a')).toMatchObject({ text: 'a' });
  });

  it('keeps the rows, the memory and who asked, and counts them', async () => {
    const ports = open();
    await ports.store.write(async (tx) => {
      await tx.insert('tasks', task({ id: 1 }));
      await tx.insert(
        'context_items',
        item({ agent: 'ada', seq: 1, text: 'what was said', promptTokens: 7 }),
      );
    });
    const created = await createCheckpoint(ports, {
      trigger: 'pause',
      createdBy: 'someone',
      name: 'before lunch',
      reason: 'hungry',
      pauseId: 'z1',
    });
    expect(created.row).toMatchObject({
      name: 'before lunch',
      reason: 'hungry',
      pauseId: 'z1',
      tokens: 7,
      parentId: null,
    });
    const checkpoint = await ports.checkpoints.open(created.row.id);
    expect(checkpoint.manifest).toEqual(created.manifest);
    expect(checkpoint.manifest.counts).toMatchObject({ tasks: 1, context_items: 1, checkpoints: 0 });
    const before = await ports.store.read(async (tx) => [
      await tx.list('tasks'),
      await tx.list('context_items'),
    ]);
    const rows = await rowsFromParts(checkpoint);
    expect([rows.tasks, rows.context_items]).toEqual(before);
    const events = await ports.store.read((tx) => tx.list('events'));
    expect(events).toMatchObject([
      {
        type: 'checkpoint-created',
        actor: 'someone',
        data: { checkpointId: created.row.id, trigger: 'pause' },
      },
    ]);
    expect((await capture(ports)).row.parentId).toBe(created.row.id);
  });

  it('works without git, and in a directory of a larger repository', async () => {
    mkdirSync(root);
    write('a.log', 'x');
    const plain = await capture(open());
    expect(plain.manifest.git).toBeNull();
    execFileSync('git', ['init', '-q', place]);
    writeFileSync(join(place, '.gitignore'), '*.log\n');
    const inside = await capture(open());
    expect(inside.manifest.git).toMatchObject({ head: null });
    expect(inside.manifest.uncovered).toEqual([
      { path: 'a.log', reason: 'ignored', directory: false, size: 1 },
    ]);
  });

  it('writes only what changed', async () => {
    const ports = open({ laterMs: 5_000 });
    for (let i = 0; i < 50; i++) write(`d${i}/f`, `${i}`.repeat(1000));
    await capture(ports);
    const before = packBytes();
    write('d7/f', 'changed');
    await capture(ports);
    expect(packBytes() - before).toBeLessThan(6_000);
  });
});

function packBytes(): number {
  const dir = join(place, 'data/store.git/objects/pack');
  return readdirSync(dir)
    .filter((name) => name.endsWith('.pack'))
    .reduce((sum, name) => sum + lstatSync(join(dir, name)).size, 0);
}

describe("the user's repository", () => {
  /** Everything that a checkpoint must not change. */
  function state(): Record<string, string> {
    const quiet = ['-c', 'core.fsmonitor=', '--no-optional-locks'];
    const index = lstatSync(join(root, '.git/index'), { bigint: true });
    return {
      status: git(...quiet, 'status', '--porcelain=v2', '--branch', '--ignored'),
      log: git('log', '--format=%H %D', '--exclude=refs/codeframe/*', '--all'),
      refs: git('for-each-ref').replaceAll(/.*refs\/codeframe\/.*\n/g, ''),
      stash: git('stash', 'list'),
      head: readFileSync(join(root, '.git/HEAD'), 'utf8'),
      index: `${index.mtimeNs} ${index.ino} ${readFileSync(join(root, '.git/index')).toString('base64')}`,
      config: readFileSync(join(root, '.git/config'), 'utf8'),
      reflogs: execFileSync('sh', ['-c', 'find .git/logs -type f | sort | xargs cat'], {
        cwd: root,
      }).toString(),
      files: execFileSync(
        'sh',
        ['-c', 'find . -path ./.git/refs/codeframe -prune -o -type f -printf "%p %s %T@\n" | sort'],
        {
          cwd: root,
        },
      ).toString(),
    };
  }

  it('is as it was: dirty, staged, untracked, ignored, in a merge, with hooks that fail and no identity', async () => {
    mkdirSync(root);
    git('init', '-q', '-b', 'main');
    write('.gitignore', '*.log\nnode_modules/\n');
    write('tracked', '1\n');
    write('conflict', 'base\n');
    write('staged', '1\n');
    git('add', '-A');
    git('commit', '-q', '-m', 'base');
    write('tracked', 'stashed\n');
    git('stash', '-q');
    git('checkout', '-q', '-b', 'side');
    write('conflict', 'side\n');
    git('commit', '-q', '-am', 'side');
    git('checkout', '-q', 'main');
    write('conflict', 'main\n');
    git('commit', '-q', '-am', 'main');
    spawnSync('git', [...identity, 'merge', 'side'], { cwd: root });
    write('staged', '2\n');
    git('add', 'staged');
    write('staged', '3\n');
    write('tracked', 'dirty\n');
    write('untracked', 'new\n');
    write('x.log', 'ignored');
    write('node_modules/m/index.js', 'ignored');
    for (const hook of ['pre-commit', 'reference-transaction', 'post-index-change', 'commit-msg']) {
      write(`.git/hooks/${hook}`, '#!/bin/sh\ntouch ../hook-ran\nexit 1\n');
      chmodSync(join(root, '.git/hooks', hook), 0o755);
    }
    execFileSync('git', ['config', 'commit.gpgsign', 'true'], { cwd: root });
    execFileSync('git', ['config', 'user.useConfigOnly', 'true'], { cwd: root });
    execFileSync('git', ['config', 'core.hooksPath', '.git/hooks'], { cwd: root });

    const before = state();
    const ports = open();
    const { row, manifest } = await capture(ports);
    expect(state()).toEqual(before);
    expect(() => lstatSync(join(place, 'hook-ran'))).toThrow('ENOENT');
    expect(manifest.git).toEqual({
      head: git('rev-parse', 'HEAD').trim(),
      branch: 'main',
      operation: 'merge',
    });
    expect(git('rev-parse', `refs/codeframe/${row.id}`)).toBe(git('rev-parse', 'HEAD'));
    expect([...(await stored(ports, row.id)).keys()]).toEqual([
      '.gitignore',
      'conflict',
      'staged',
      'tracked',
      'untracked',
    ]);
    expect(manifest.uncovered.map(({ path, reason }) => [path, reason])).toEqual([
      ['node_modules', 'ignored'],
      ['x.log', 'ignored'],
    ]);
    const checkpoint = await ports.checkpoints.open(row.id);
    expect(Buffer.from(await checkpoint.part('git/index')).toString('base64')).toBe(
      before['index']?.split(' ')[2],
    );
    expect(await checkpoint.partPaths('git/MERGE')).toEqual([
      'git/MERGE_HEAD',
      'git/MERGE_MODE',
      'git/MERGE_MSG',
    ]);
  });

  it('gives its files byte for byte, whatever its attributes and settings say', async () => {
    mkdirSync(root);
    git('init', '-q');
    write(
      '.gitattributes',
      '*.txt text eol=crlf\n*.id ident\n*.u16 working-tree-encoding=UTF-16\n*.lfs filter=lfs\n',
    );
    write('a.txt', 'lf\nlf\n');
    write('b.txt', 'crlf\r\n');
    write('c.id', '$Id: abc$');
    writeFileSync(join(root, 'd.u16'), Buffer.from('\ufeffx', 'utf16le'));
    write('e.lfs', 'large');
    for (const [key, value] of [
      ['core.autocrlf', 'true'],
      ['core.safecrlf', 'true'],
      ['filter.lfs.required', 'true'],
      ['core.fileMode', 'false'],
      ['core.ignoreStat', 'true'],
      ['core.trustctime', 'false'],
    ] as const) {
      git('config', key, value);
    }
    chmodSync(join(root, 'a.txt'), 0o755);
    const ports = open();
    const { row } = await capture(ports);
    const real = await readTree(root);
    for (const path of real.keys())
      if (path.startsWith('.git/') || path === '.git') (real as Map<string, ModelNode>).delete(path);
    expect(await stored(ports, row.id)).toEqual(real);
  });

  it('keeps files of nested repositories and submodules, and what lies in linked worktrees', async () => {
    mkdirSync(root);
    git('init', '-q');
    write('a', '1');
    git('add', '-A');
    git('commit', '-q', '-m', 'a');
    execFileSync('git', ['init', '-q', join(root, 'nested')]);
    write('nested/f', 'in nested');
    git('worktree', 'add', '-q', '.claude/worktrees/w', '-b', 'w');
    write('.claude/worktrees/w/new', 'in worktree');
    const ports = open();
    const { row, manifest } = await capture(ports);
    const found = await stored(ports, row.id);
    expect(found.get('nested/f')).toMatchObject({ text: 'in nested' });
    expect(found.get('.claude/worktrees/w/new')).toMatchObject({ text: 'in worktree' });
    expect(manifest.uncovered).toEqual([
      {
        path: '.claude/worktrees/w/.git',
        reason: 'git-internal',
        directory: false,
        size: expect.any(Number) as number,
      },
      { path: 'nested/.git', reason: 'git-internal', directory: true },
    ]);
  });
});

describe('files that change while they are read', () => {
  it('are retried, then listed, and are not in the checkpoint', async () => {
    mkdirSync(root);
    write('calm', 'x');
    write('busy', 'x');
    write('gone', 'x');
    write('swapped', 'x');
    const ports = open();
    const tree: CheckpointPorts['tree'] = {
      ...ports.tree,
      async scan(options) {
        const scan = await ports.tree.scan(options);
        rmSync(join(root, 'gone'));
        rmSync(join(root, 'swapped'));
        symlinkSync('/etc/passwd', join(root, 'swapped'));
        return scan;
      },
      async read(path) {
        return path === 'busy' ? { ok: false, reason: 'changing' } : ports.tree.read(path);
      },
    };
    const { row, manifest } = await capture({ ...ports, tree });
    expect([...(await stored(ports, row.id)).keys()]).toEqual(['calm']);
    expect(manifest.uncovered).toEqual([
      { path: 'busy', reason: 'changing', directory: false },
      { path: 'swapped', reason: 'changing', directory: false },
    ]);
    expect(manifest.files).toBe(1);
  });

  it('may take their directory with them', async () => {
    mkdirSync(root);
    write('d/f', 'x');
    const ports = open();
    const tree: CheckpointPorts['tree'] = {
      ...ports.tree,
      async scan(options) {
        const scan = await ports.tree.scan(options);
        renameSync(join(root, 'd'), join(place, 'moved'));
        return scan;
      },
    };
    const { row } = await capture({ ...ports, tree });
    expect([...(await stored(ports, row.id)).keys()]).toEqual(['d']);
    await ports.checkpoints.verify(row.id);
  });
});

describe('a capture that fails', () => {
  it('gives no id, leaves no ref, and says why', async () => {
    mkdirSync(root);
    git('init', '-q');
    write('a', '1');
    git('add', '-A');
    git('commit', '-q', '-m', 'a');
    const ports = open();
    const broken: CheckpointPorts = {
      ...ports,
      git: { ...ports.git, capture: () => Promise.reject(new Error('no luck')) },
    };
    await expect(capture(broken)).rejects.toThrow('no luck');
    expect(await ports.checkpoints.ids()).toEqual([]);
    expect(git('for-each-ref', 'refs/codeframe')).toBe('');
    expect(await ports.store.read((tx) => tx.list('checkpoints'))).toEqual([]);
  });

  it('reads every file again when the store was deleted and the scan cache was not', async () => {
    mkdirSync(root);
    write('a', 'still here');
    const ports = open({ laterMs: 5_000 });
    await capture(ports);
    await ports.checkpoints.close();
    rmSync(join(place, 'data/store.git'), { recursive: true });
    const again = open({ laterMs: 5_000 });
    const { row } = await capture(again);
    expect((await stored(again, row.id)).get('a')).toMatchObject({ text: 'still here' });
    await again.checkpoints.verify(row.id);
  });

  it.each(['nonsense', ''])('refuses a store that is none (%j) and changes nothing in it', async (text) => {
    mkdirSync(root);
    mkdirSync(join(place, 'data/store.git'), { recursive: true });
    writeFileSync(join(place, 'data/store.git/HEAD'), text);
    const ports = open();
    await expect(capture(ports)).rejects.toMatchObject({ failure: { code: 'corrupt-store' } });
    await expect(ports.checkpoints.check()).rejects.toMatchObject({ failure: { code: 'corrupt-store' } });
    expect(readdirSync(join(place, 'data/store.git'))).toEqual(['HEAD']);
  });

  it('is told when git is too old', async () => {
    mkdirSync(root);
    mkdirSync(join(place, 'bin'));
    writeFileSync(join(place, 'bin/git'), '#!/bin/sh\necho "git version 2.24.1"\n', { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = join(place, 'bin');
    try {
      await expect(capture(open())).rejects.toMatchObject({
        failure: { code: 'git-missing', found: '2.24.1' },
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('a damaged store', () => {
  it('is refused with the part named, whatever byte of a pack is altered', async () => {
    mkdirSync(root);
    write('dir/file', 'content '.repeat(40));
    write('other', 'x');
    const ports = open();
    const { row } = await capture(ports, 'cgood');
    const dir = join(place, 'data/store.git/objects/pack');
    const pack = readdirSync(dir).find((name) => name.endsWith('.pack')) ?? '';
    const whole = readFileSync(join(dir, pack));
    chmodSync(join(dir, pack), 0o600);
    const look = async (): Promise<unknown> => {
      const stored = await ports.checkpoints.open(row.id);
      return [stored.commit, stored.manifest, await stored.code()];
    };
    const unaltered = await look();
    let refused = 0;
    for (let at = 12; at < whole.length - 20; at += 7) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 0x41;
      writeFileSync(join(dir, pack), altered);
      await ports.checkpoints.close();
      const error: unknown = await ports.checkpoints.verify(row.id).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error === null) {
        // What is packed can repeat another place that reads the same: then nothing is altered but the packing.
        expect(await look()).toEqual(unaltered);
        continue;
      }
      expect(isFailure(error, 'corrupt-checkpoint') || isFailure(error, 'unknown-id') || error).toBe(true);
      refused += 1;
    }
    expect(refused).toBeGreaterThan(50);
    writeFileSync(join(dir, pack), whole);
    await ports.checkpoints.close();
    await ports.checkpoints.verify(row.id);
  });
});

it('tells what lies between two checkpoints', async () => {
  mkdirSync(root);
  for (const [path, text] of [
    ['same', 's'],
    ['edited', '1'],
    ['deleted', 'd'],
    ['mode', 'm'],
    ['kind', 'k'],
  ] as const)
    write(path, text);
  const ports = open();
  const first = await (await ports.checkpoints.open((await capture(ports)).row.id)).code();
  write('edited', '2');
  rmSync(join(root, 'deleted'));
  chmodSync(join(root, 'mode'), 0o600);
  rmSync(join(root, 'kind'));
  symlinkSync('same', join(root, 'kind'));
  write('new/file');
  const second = await (await ports.checkpoints.open((await capture(ports)).row.id)).code();
  expect(diffCode(first, second)).toEqual([
    { path: 'deleted', change: 'delete' },
    { path: 'edited', change: 'change' },
    { path: 'kind', change: 'type' },
    { path: 'mode', change: 'mode' },
    { path: 'new', change: 'add' },
    { path: 'new/file', change: 'add' },
  ]);
  expect(diffCode(second, second)).toEqual([]);
});

describe.runIf(canMount())('a full disk', () => {
  it('fails with no-space, leaves whole what was there, and works again once there is room', async () => {
    mkdirSync(join(place, 'data'));
    mkdirSync(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', join(place, 'data')]);
    try {
      write('a', 'small');
      const ports = open();
      await capture(ports, 'cfirst');
      let refused = 0;
      for (let size = 20_000; size <= 900_000; size += 80_000) {
        writeFileSync(join(root, 'large'), noise(size));
        const error: unknown = await capture(ports, `c${size}`).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (error === null) continue;
        expect(error).toMatchObject({ failure: { code: 'no-space' } });
        expect(await ports.checkpoints.ids()).not.toContain(`c${size}`);
        await ports.checkpoints.verify('cfirst');
        refused += 1;
      }
      expect(refused).toBeGreaterThan(3);
      execFileSync('mount', ['-o', 'remount,size=50m', join(place, 'data')]);
      await ports.checkpoints.verify((await capture(ports)).row.id);
      await ports.checkpoints.close();
    } finally {
      execFileSync('umount', ['-l', join(place, 'data')]);
    }
  });
});

/** Bytes that do not compress. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const dir = mkdtempSync(join(tmpdir(), 'codeframe-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', dir]).status === 0;
  if (mounted) spawnSync('umount', [dir]);
  rmSync(dir, { recursive: true });
  return mounted;
}
