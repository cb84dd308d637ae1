import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readExport, writeExport } from '../../src/adapters/checkpoint-git/export-file.ts';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openGitTransfer } from '../../src/adapters/checkpoint-git/git-transfer.ts';
import { newestSchema } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import type { CheckpointStore } from '../../src/checkpoint/checkpoint-store.ts';
import { encodeExportHeader, parseExportHeader } from '../../src/checkpoint/export-header.ts';
import { codeList, encodeManifest, parseManifest, type Manifest } from '../../src/checkpoint/manifest.ts';
import { allRowsFromParts } from '../../src/checkpoint/parts.ts';
import { CodeframeError } from '../../src/failure.ts';
import { refuseUnfit } from '../../src/runner/move-checkpoints.ts';
import { item, step, task } from '../conformance/store-rows.ts';
import { seededRandom } from '../rig/random.ts';
import { withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';
import { seed } from '../rig/same-everywhere.ts';

const random = seededRandom(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;

const identity = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@localhost',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@localhost',
};

async function fill({ root, ports }: RestoreBench): Promise<void> {
  mkdirSync(join(root, 'sub'));
  for (let i = 0; i < 12; i++) writeFileSync(join(root, `sub/f${i}.txt`), `${i} ${'x'.repeat(i * 20)}\n`);
  writeFileSync(join(root, 'run'), '#!/bin/sh\n', { mode: 0o750 });
  symlinkSync('run', join(root, 'link'));
  await ports.store.write(async (tx) => {
    for (const id of [1, 2, 3]) await tx.insert('tasks', task({ id, title: `task ${id}` }));
    await tx.insert('steps', step({ seq: 1 }));
    await tx.insert('context_items', item({ seq: 1, text: 'what was said' }));
  });
}

/** What a checkpoint is, all of it: two that read the same are the same. */
async function contentOf(checkpoints: Pick<CheckpointStore, 'open' | 'verify'>, id: string): Promise<string> {
  await checkpoints.verify(id);
  const stored = await checkpoints.open(id);
  await refuseUnfit({ project: { id: stored.manifest.projectId }, schema: newestSchema }, stored);
  const rows = JSON.stringify(await allRowsFromParts(stored));
  return `${stored.commit}\n${codeList(await stored.code())}\n${rows}`;
}

/** Refused in words, and with a part or a path in them; anything else that is thrown fails the test. */
async function outcomeOf(work: () => Promise<string>, wanted: string): Promise<'refused' | 'harmless'> {
  try {
    expect(await work()).toBe(wanted);
    return 'harmless';
  } catch (error) {
    if (!(error instanceof CodeframeError)) throw error;
    const { failure } = error;
    const named =
      'part' in failure ? failure.part : 'path' in failure ? failure.path : 'id' in failure ? failure.id : '';
    expect(named, failure.code).not.toBe('');
    return 'refused';
  }
}

function mutate(bytes: Buffer): Buffer {
  const at = below(bytes.length);
  switch (below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([below(256)]), bytes.subarray(at)]);
    case 2: {
      const other = below(bytes.length);
      const [from, to] = [Math.min(at, other), Math.max(at, other)];
      return Buffer.concat([bytes.subarray(to), bytes.subarray(from, to), bytes.subarray(0, from)]);
    }
    case 3:
      return Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + 16));
    default: {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << below(8));
      return flipped;
    }
  }
}

function treeDigest(dir: string): string {
  const hash = createHash('sha256');
  const walk = (at: string): void => {
    for (const name of readdirSync(at).toSorted()) {
      const path = join(at, name);
      const stats = lstatSync(path);
      hash.update(`${relative(dir, path)} ${stats.mode} `);
      if (stats.isDirectory()) walk(path);
      else hash.update(stats.isSymbolicLink() ? readlinkSync(path) : readFileSync(path));
    }
  };
  walk(dir);
  return hash.digest('hex');
}

async function exportOf(bench: RestoreBench, id: string, file: string): Promise<Buffer> {
  const transfer = openGitTransfer({ path: join(bench.dataDir, 'store.git') });
  const { commit } = await bench.ports.checkpoints.open(id);
  const header = {
    projectId: 'p000000000001',
    projectName: 'bench',
    checkpointId: id,
    commit,
    schema: 1,
    program: 'test',
    exportedAt: 'now',
    config: {},
  };
  await writeExport({ path: file, force: false, header, pack: (bundle) => transfer.pack(id, bundle) });
  return readFileSync(file);
}

function parseManifestOf(
  git: (args: readonly string[]) => string,
  commit: string,
  id: string,
): { readonly manifest: Manifest } {
  return { manifest: parseManifest(id, Buffer.from(git(['show', `${commit}:manifest.json`]))) };
}

describe(`what comes in is refused with the part named, or proven harmless (seed ${seed})`, () => {
  test('800 altered exports, of which 60 have hashes that are right', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      const id = await bench.checkpoint();
      const wanted = await contentOf(bench.ports.checkpoints, id);
      const whole = await exportOf(bench, id, join(bench.dataDir, 'whole'));
      const before = treeDigest(bench.root);
      const counts = { refused: 0, harmless: 0 };
      const take = async (bytes: Buffer): Promise<string> => {
        const [file, bundle, stage] = ['fuzzed', 'bundle', 'stage.git'].map((name) =>
          join(bench.dataDir, name),
        ) as [string, string, string];
        writeFileSync(file, bytes);
        try {
          const header = await readExport(file, bundle);
          await using incoming = await openGitTransfer({ path: stage }).unpack(bundle, {
            id: header.checkpointId,
            commit: header.commit,
          });
          return await contentOf(incoming.checkpoints, header.checkpointId);
        } finally {
          rmSync(bundle, { force: true });
        }
      };
      for (let i = 0; i < 740; i++) {
        const mutated = mutate(whole);
        counts[await outcomeOf(() => take(mutated), wanted)] += 1;
      }
      const { header, length } = parseExportHeader('whole', whole);
      for (let i = 0; i < 60; i++) {
        const bundle = mutate(whole.subarray(length));
        const sha256 = createHash('sha256').update(bundle).digest('hex');
        const resealed = Buffer.concat([
          encodeExportHeader({ ...header, bundle: { bytes: bundle.length, sha256 } }),
          bundle,
        ]);
        counts[await outcomeOf(() => take(resealed), wanted)] += 1;
      }
      console.log(`seed ${seed}: exports ${JSON.stringify(counts)}`);
      expect(counts.refused).toBeGreaterThan(750);
      expect(treeDigest(bench.root)).toBe(before);
    });
  });

  test('130 damaged stores', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      const id = await bench.checkpoint();
      writeFileSync(join(bench.root, 'run'), 'other');
      await bench.checkpoint();
      const wanted = await contentOf(bench.ports.checkpoints, id);
      await bench.ports.checkpoints.close();
      const store = join(bench.dataDir, 'store.git');
      const files = (readdirSync(store, { recursive: true }) as string[]).filter((name) =>
        lstatSync(join(store, name)).isFile(),
      );
      const meant = files.filter((name) => /\.(pack|idx)$|refs|^HEAD$|^config$/.test(name));
      const before = treeDigest(bench.root);
      const counts = { refused: 0, harmless: 0 };
      const copy = join(bench.dataDir, 'copy.git');
      for (let i = 0; i < 130; i++) {
        rmSync(copy, { recursive: true, force: true });
        cpSync(store, copy, { recursive: true });
        const path = join(copy, pick(meant));
        const bytes = readFileSync(path);
        rmSync(path);
        if (below(8) > 0)
          writeFileSync(path, below(6) === 0 ? bytes.subarray(0, below(bytes.length)) : mutate(bytes));
        const damaged = openGitCheckpoints({ path: copy });
        try {
          counts[await outcomeOf(() => contentOf(damaged, id), wanted)] += 1;
        } finally {
          await damaged.close();
        }
      }
      console.log(`seed ${seed}: stores ${JSON.stringify(counts)}`);
      expect(counts.refused).toBeGreaterThan(20);
      expect(treeDigest(bench.root)).toBe(before);
    });
  });

  test('300 altered manifests: refused in words, or still of the same kind', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      const id = await bench.checkpoint();
      const { manifest } = await bench.ports.checkpoints.open(id);
      const keys = Object.keys(manifest);
      const values = [
        null,
        -1,
        1.5,
        Number.MAX_SAFE_INTEGER + 2,
        '',
        '../x',
        {},
        [],
        true,
        { code: 'x' },
        [{ path: 1 }],
      ];
      let refused = 0;
      for (let i = 0; i < 300; i++) {
        const changed: Record<string, unknown> = { ...manifest };
        const key = pick(keys);
        if (below(4) === 0) delete changed[key];
        else changed[key] = pick(values);
        const text = Buffer.from(JSON.stringify(changed));
        const bytes = below(3) === 0 ? mutate(Buffer.from(encodeManifest(manifest))) : text;
        try {
          const parsed = parseManifest(id, bytes);
          expect(parseManifest(id, encodeManifest(parsed))).toEqual(parsed);
        } catch (error) {
          if (!(error instanceof CodeframeError)) throw error;
          expect(['corrupt-checkpoint', 'checkpoint-newer']).toContain(error.failure.code);
          refused += 1;
        }
      }
      console.log(`seed ${seed}: manifests ${refused} of 300 refused`);
      expect(refused).toBeGreaterThan(150);
    });
  });

  test('trees made by hand that name what lies outside, in git, twice, or in a file', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      const id = await bench.checkpoint();
      const { commit } = await bench.ports.checkpoints.open(id);
      await bench.ports.checkpoints.close();
      const store = join(bench.dataDir, 'store.git');
      const git = (args: readonly string[], input?: Buffer | string): string =>
        execFileSync('git', ['-C', store, ...args], {
          input,
          env: { PATH: process.env['PATH'], HOME: store, ...identity },
        })
          .toString()
          .trim();
      const rawTree = (items: readonly (readonly [string, string, string])[]): string =>
        git(
          ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'],
          Buffer.concat(
            items.map(([mode, name, object]) =>
              Buffer.concat([Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(object, 'hex')]),
            ),
          ),
        );
      const blob = git(['hash-object', '-w', '--stdin'], 'evil');
      const top = git(['ls-tree', commit])
        .split('\n')
        .map((line) => /^(\d+) \w+ (\w+)\t(.+)$/.exec(line)?.slice(1) ?? []);
      const encoded = (name: string): string => `.codeframe-name-${Buffer.from(name).toString('hex')}`;
      const names = [
        '..',
        '.',
        '.git',
        'a/b',
        '',
        encoded('..'),
        encoded('.'),
        encoded('.git'),
        encoded('../x'),
        encoded('/etc/passwd'),
        encoded('a\0b'),
      ];
      const before = treeDigest(bench.root);
      const { manifest } = parseManifestOf(git, commit, id);
      const meta = top.filter(([, , at]) => at === 'code-meta');
      /** All that a forger can make right is: its hashes, counts and id. */
      const forge = (name: string, forgedId: string): void => {
        const path = name.startsWith('.codeframe-name-')
          ? Buffer.from(name.slice('.codeframe-name-'.length), 'hex').toString('latin1')
          : name;
        const code = codeList([{ kind: 'file', path, mode: 0o644, object: blob, size: 4 }]);
        const own = { ...manifest, id: forgedId, files: 1, bytes: 4, counts: {}, schema: 1 };
        const sha256 = { code: createHash('sha256').update(code).digest('hex') };
        const manifestBlob = git(
          ['hash-object', '-w', '--stdin'],
          Buffer.from(encodeManifest({ ...own, sha256 })),
        );
        const items = [
          ['40000', 'code', rawTree([['100644', name, blob]])],
          ...meta.map(([, object = '', at = '']) => ['40000', at, object]),
          ['100644', 'manifest.json', manifestBlob],
        ] as [string, string, string][];
        git(['update-ref', `refs/checkpoints/${forgedId}`, git(['commit-tree', rawTree(items)], '')]);
      };
      for (const [i, name] of ['fine', ...names].entries()) {
        const forgedId = `${id.slice(0, -2)}${String(i).padStart(2, '0')}`;
        forge(name, forgedId);
        const opened = openGitCheckpoints({ path: store });
        const taking = contentOf(opened, forgedId);
        // The first shows that nothing but the name makes the others be refused.
        if (name === 'fine') expect(await taking).toContain('fine');
        else expect(await outcomeOf(() => taking, 'never'), name).toBe('refused');
        await opened.close();
      }
      expect(treeDigest(bench.root)).toBe(before);
    });
  });
});
