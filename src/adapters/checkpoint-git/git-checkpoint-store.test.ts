import { execFileSync } from 'node:child_process';
import fs, {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { draftOf, directory, file, manifestOf } from '../../../test/conformance/checkpoint-store.ts';
import type { CheckpointSpace } from '../../checkpoint/checkpoint-space.ts';
import type { CheckpointStore } from '../../checkpoint/checkpoint-store.ts';
import type { Manifest } from '../../checkpoint/manifest.ts';
import { openGitCheckpoints } from './git-checkpoint-store.ts';
import { encodePackIndex } from './pack-index.ts';

let dir: string;
let path: string;
let store: CheckpointStore & CheckpointSpace;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'codeframe-store-'));
  path = join(dir, 'store.git');
  store = openGitCheckpoints({ path });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

function git(...args: string[]): string {
  return execFileSync('git', ['--git-dir', path, ...args]).toString();
}

/** Lets the checkpoint's ref name a commit in which one blob was replaced. */
function replaceBlob(id: string, name: string, content: string): void {
  const object = execFileSync('git', ['--git-dir', path, 'hash-object', '-w', '--stdin'], { input: content })
    .toString()
    .trim();
  const lines = git('ls-tree', `refs/checkpoints/${id}`).trim().split('\n');
  const changed = lines.map((line) => (line.endsWith(`\t${name}`) ? `100644 blob ${object}\t${name}` : line));
  const tree = execFileSync('git', ['--git-dir', path, 'mktree'], { input: `${changed.join('\n')}\n` })
    .toString()
    .trim();
  const identity = ['-c', 'user.name=x', '-c', 'user.email=x@x'];
  const commit = execFileSync('git', [...identity, '--git-dir', path, 'commit-tree', '-m', 'x', tree])
    .toString()
    .trim();
  git('update-ref', `refs/checkpoints/${id}`, commit);
}

describe('the store on disk', () => {
  test('is a bare repository for nobody else, made with the first checkpoint, that passes git fsck', async () => {
    await store.check();
    expect(await store.ids()).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
    await store.create(
      draftOf('c1', [directory('d'), file('d/.GIT', ''), file('d/.gitmodules', 'nonsense')]),
    );
    expect(lstatSync(path).mode & 0o777).toBe(0o700);
    expect(git('fsck', '--strict', '--no-dangling')).toBe('');
    expect(git('cat-file', '-p', 'refs/checkpoints/c1')).not.toContain('parent');
    expect(readdirSync(path).filter((name) => name.startsWith('incoming'))).toEqual([]);
    expect(
      readdirSync(join(path, 'objects/pack'))
        .map((name) => name.replace(/.*\./, ''))
        .toSorted(),
    ).toEqual(['idx', 'pack']);
  });

  test('takes nothing from the environment or from the configuration of whoever runs it', async () => {
    const poison = {
      GIT_DIR: '/nowhere',
      GIT_OBJECT_DIRECTORY: '/nowhere',
      GIT_DEFAULT_HASH: 'sha256',
      HOME: dir,
    };
    writeFileSync(
      join(dir, '.gitconfig'),
      '[core]\n\thooksPath = /nowhere\n[init]\n\ttemplateDir = /nowhere\n[nonsense\n',
    );
    const before = Object.fromEntries(Object.keys(poison).map((name) => [name, process.env[name]]));
    Object.assign(process.env, poison);
    try {
      const fresh = openGitCheckpoints({ path });
      await fresh.create(draftOf('c1', [file('a', 'A')]));
      await fresh.verify('c1');
      await fresh.close();
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  test('survives the loss of the hint where the last checkpoint is, and a wrong one', async () => {
    await store.create(draftOf('c1', [file('a', 'A')]));
    for (const [i, hint] of [
      '',
      'nonsense\n',
      `${'ab'.repeat(20)}\n`,
      `${git('rev-parse', 'refs/checkpoints/c1^{tree}')}`,
    ].entries()) {
      writeFileSync(join(path, 'codeframe-last'), hint);
      const other = openGitCheckpoints({ path });
      await other.create(draftOf(`o${i}`, [file('b', 'B')]));
      expect((await (await other.open(`o${i}`)).code()).map((entry) => entry.path)).toEqual(['b']);
      await other.verify(`o${i}`);
      await other.close();
    }
  });

  test('is written by two processes in turn, each starting from what the other wrote', async () => {
    const other = openGitCheckpoints({ path });
    for (let i = 0; i < 4; i++) {
      const turn = i % 2 === 0 ? store : other;
      await turn.create(draftOf(`c${i}`, [file(`f${i}`, 'x'), file('same', 's')]));
      await turn.verify(`c${i}`);
    }
    expect((await (await store.open('c3')).code()).map((entry) => entry.path)).toEqual(['f3', 'same']);
    await other.close();
  });

  test('goes on after another process deleted the last checkpoint and collected its objects', async () => {
    await store.create(draftOf('c1', [file('a', 'A'), file('b', 'B')]));
    git('update-ref', '-d', 'refs/checkpoints/c1');
    git('gc', '-q', '--prune=now');
    await store.close();
    await store.create(draftOf('c2', [file('a', 'A'), file('b', 'B')]));
    await store.verify('c2');
  });
});

describe('a pack', () => {
  test('is what git reads and checks: small, empty and large objects, more than are held in memory', async () => {
    const noise = randomBytes(20 * 1024 * 1024);
    const texts = ['', 'x', 'y'.repeat(15), 'z'.repeat(16), 'w'.repeat(2048), 'v'.repeat(300_000)];
    const small = texts.map((text, i) => file(`f${i}`, text));
    const large = { kind: 'file', path: 'large', mode: 0o644, bytes: noise } as const;
    await store.create(draftOf('c1', [...small, large]));
    const [index = ''] = readdirSync(join(path, 'objects/pack')).filter((name) => name.endsWith('.idx'));
    git('verify-pack', join(path, 'objects/pack', index));
    expect(git('fsck', '--strict', '--full', '--no-dangling')).toBe('');
    await store.verify('c1');
    for (const [i, text] of texts.entries()) expect(git('show', `refs/checkpoints/c1:code/f${i}`)).toBe(text);
  });

  test('finds objects that lie beyond 2 GB', () => {
    const far = { object: 'ab'.repeat(20), at: 5_000_000_000, crc: 7 };
    const near = { object: '0c'.repeat(20), at: 12, crc: 8 };
    const index = encodePackIndex('sha1', [far, near], Buffer.alloc(20));
    const shown = execFileSync('git', ['show-index'], { input: index }).toString();
    expect(shown).toBe(`12 ${near.object} (00000008)\n5000000000 ${far.object} (00000007)\n`);
  });
});

describe('a checkpoint that is not what it should be', () => {
  const change = (id: string, difference: object): void =>
    replaceBlob(id, 'manifest.json', JSON.stringify({ ...manifestOf(id), ...difference }));

  test.each([
    [
      'no JSON',
      () => replaceBlob('c1', 'manifest.json', '{'),
      { code: 'corrupt-checkpoint', part: 'manifest.json' },
    ],
    [
      'of another program',
      () => change('c1', { format: 'other' }),
      { code: 'corrupt-checkpoint', part: 'manifest.json' },
    ],
    [
      'of a newer version',
      () => change('c1', { version: 3 }),
      { code: 'checkpoint-newer', found: 3, known: 2 },
    ],
    [
      'of another checkpoint',
      () => change('c1', { id: 'c9' }),
      { code: 'corrupt-checkpoint', part: 'manifest.json' },
    ],
    [
      'without a field',
      () => change('c1', { trigger: 'whim' }),
      { code: 'corrupt-checkpoint', part: 'manifest.json' },
    ],
  ])('is refused when its manifest is %s', async (_, damage, failure) => {
    await store.create(draftOf('c1', [file('a', 'A')]));
    damage();
    await expect(store.open('c1')).rejects.toMatchObject({ failure });
    await expect(store.verify('c1')).rejects.toMatchObject({ failure });
  });

  test('is refused when a file was swapped for another, sound as the objects are', async () => {
    await store.create(draftOf('c1', [file('a', 'A')], [{ path: 'git/HEAD', bytes: Buffer.from('x') }]));
    const manifest = JSON.parse(git('show', 'refs/checkpoints/c1:manifest.json')) as Manifest;
    replaceBlob(
      'c1',
      'manifest.json',
      JSON.stringify({ ...manifest, sha256: { ...manifest.sha256, code: '0'.repeat(64) } }),
    );
    await expect((await store.open('c1')).code()).rejects.toMatchObject({ failure: { part: 'code' } });
    await expect(store.verify('c1')).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: 'code' },
    });
    replaceBlob(
      'c1',
      'manifest.json',
      JSON.stringify({ ...manifest, sha256: { ...manifest.sha256, 'git/HEAD': '0'.repeat(64) } }),
    );
    await expect(store.verify('c1')).rejects.toMatchObject({ failure: { part: 'git/HEAD' } });
  });

  test('is refused with the file named whose object is gone, and the store is told apart from it', async () => {
    await store.create(draftOf('c1', [file('a', 'A'), directory('d'), file('d/b', 'B\n')]));
    const pack = readdirSync(join(path, 'objects/pack')).find((name) => name.endsWith('.pack')) ?? '';
    const packed = readFileSync(join(path, 'objects/pack', pack));
    for (const name of readdirSync(join(path, 'objects/pack'))) rmSync(join(path, 'objects/pack', name));
    execFileSync('git', ['--git-dir', path, 'unpack-objects', '-q'], { input: packed });
    const object = git('rev-parse', 'refs/checkpoints/c1:code/d/b').trim();
    rmSync(join(path, 'objects', object.slice(0, 2), object.slice(2)));
    await store.close();
    await expect(store.verify('c1')).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: 'code/d/b' },
    });
    await store.check();
    const commit = git('rev-parse', 'refs/checkpoints/c1').trim();
    rmSync(join(path, 'objects', commit.slice(0, 2), commit.slice(2)));
    await store.close();
    await expect(store.open('c1')).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: 'commit' },
    });
    await expect(store.check()).rejects.toMatchObject({ failure: { code: 'corrupt-store' } });
  });
});

test('a git that was killed while it deleted a ref is not in the way once its lock is old', async () => {
  await store.create(draftOf('c1', [file('a', 'A')]));
  const lock = join(path, 'refs/checkpoints/c1.lock');
  writeFileSync(lock, '');
  const then = new Date(Date.now() - 14_000);
  utimesSync(lock, then, then);
  await store.remove(['c1']);
  expect(await store.ids()).toEqual([]);
});

describe.runIf(process.platform === 'linux')('what is said to be there', () => {
  test('is on the disk: pack and index, their directory, then the ref, then its directory', async () => {
    await store.create(draftOf('c0', [file('a', '0')]));
    const calls = await watchWrites(() => store.create(draftOf('c1', [file('a', '1')])));
    const at = (pattern: RegExp): number => calls.findIndex((line) => pattern.test(line));
    const steps = [
      /^sync .*incoming-.*\/pack\/pack$/,
      /^sync .*\.idx$/,
      /^name .*\/objects\/pack\/pack-.*\.pack$/,
      /^name .*\/objects\/pack\/pack-.*\.idx$/,
      /^sync .*\/objects\/pack$/,
      /^sync .*refs\/checkpoints\/c1\.[\d-]+\.lock$/,
      /^name .*refs\/checkpoints\/c1$/,
      /^sync .*refs\/checkpoints$/,
    ].map(at);
    expect(steps.every((step) => step >= 0)).toBe(true);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  });
});

/** What is synced, renamed and linked meanwhile, in order, by its name. */
async function watchWrites(work: () => Promise<unknown>): Promise<readonly string[]> {
  const calls: string[] = [];
  const { fsyncSync, renameSync, linkSync } = fs;
  fs.fsyncSync = (file) => {
    calls.push(`sync ${readlinkSync(`/proc/self/fd/${file}`)}`);
    fsyncSync(file);
  };
  fs.renameSync = (from, to) => {
    calls.push(`name ${String(to)}`);
    renameSync(from, to);
  };
  fs.linkSync = (from, to) => {
    calls.push(`name ${String(to)}`);
    linkSync(from, to);
  };
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    Object.assign(fs, { fsyncSync, renameSync, linkSync });
    syncBuiltinESMExports();
  }
  return calls;
}
