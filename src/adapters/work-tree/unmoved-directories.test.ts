import { lstatSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { linkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entriesOf } from '../../checkpoint/tree.ts';
import type { TreeScan, WorkTree } from '../../checkpoint/work-tree.ts';
import { openWorkTree } from './fs-work-tree.ts';

let place: string;
let root: string;

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-tree-')));
  root = join(place, 'project');
  for (const directory of ['a/b', 'a/c', 'd', 'e']) {
    mkdirSync(at(directory), { recursive: true });
    for (const name of ['one', 'two']) writeFileSync(at(`${directory}/${name}`), name);
  }
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const at = (path: string): string => join(root, path);

/** As if what is there had been left alone for an hour, or were made while it was looked at. */
function open(age: 'old' | 'young', restoring: readonly string[] = []): WorkTree {
  const now = (): number => Date.now() + (age === 'old' ? 3_600_000 : -3_600_000);
  return openWorkTree({
    root,
    dataDir: place,
    now,
    ignored: async () => [],
    restoring: async () => restoring,
  });
}

/** The clock of the file system counts in ticks: what happens from here on is in a later one. */
function nextTick(): void {
  const young = Math.max(...['.', 'a', 'a/b', 'a/c', 'd', 'e'].map((path) => lstatSync(at(path)).ctimeMs));
  const probe = join(place, 'probe');
  do writeFileSync(probe, '');
  while (lstatSync(probe).ctimeMs <= young);
}

function shown({ runs }: TreeScan): readonly unknown[] {
  return entriesOf(runs).map((one) => [one.path, one.kind, one.kind === 'file' ? one.size : undefined]);
}

describe('a look by the times of directories', () => {
  it.each<[string, () => void]>([
    ['a file appears', () => writeFileSync(at('a/b/new'), '')],
    ['a file goes', () => unlinkSync(at('a/c/two'))],
    ['a file is replaced', () => (writeFileSync(at('new'), 'longer'), renameSync(at('new'), at('d/one')))],
    ['a file gets another name', () => linkSync(at('d/one'), at('e/three'))],
    ['a directory appears', () => mkdirSync(at('d/sub'))],
    ['a directory goes', () => rmSync(at('a/b'), { recursive: true })],
    [
      'a file takes the place of a directory',
      () => (rmSync(at('e'), { recursive: true }), writeFileSync(at('e'), '')),
    ],
    [
      'a link takes the place of a directory',
      () => (renameSync(at('e'), join(place, 'e')), symlinkSync(join(place, 'e'), at('e'))),
    ],
    [
      'directories change places',
      () => (renameSync(at('d'), at('x')), renameSync(at('e'), at('d')), unlinkSync(at('d/one'))),
    ],
    ['a file moves from one directory to another', () => renameSync(at('a/b/one'), at('a/c/three'))],
    [
      'a file appears and the time of its directory is set back',
      () => {
        const { atimeMs, mtimeMs } = lstatSync(at('a/b'));
        writeFileSync(at('a/b/new'), '');
        utimesSync(at('a/b'), atimeMs / 1000, mtimeMs / 1000);
      },
    ],
  ])('sees it when %s', async (_, happens) => {
    const tree = open('old');
    const before = shown(await tree.scan({ include: [] }));
    nextTick();
    happens();
    const seen = shown(await tree.scan({ include: [], byTimes: true }));
    expect(seen).not.toEqual(before);
    expect(seen).toEqual(shown(await open('old').scan({ include: [] })));
  });

  it('passes over what was left alone, and what it did not look at is seen by the next whole one', async () => {
    const tree = open('old');
    const before = await tree.scan({ include: [] });
    nextTick();
    writeFileSync(at('a/b/one'), 'written in place');
    const seen = await tree.scan({ include: [], byTimes: true });
    expect(seen.believed).toBe(5);
    expect(shown(seen)).toEqual(shown(before));
    const whole = shown(await tree.scan({ include: [] }));
    expect(whole).toContainEqual(['a/b/one', 'file', 'written in place'.length]);
  });

  it('believes no directory that was young when it was looked at: one more name may not have moved its times', async () => {
    const tree = open('young');
    await tree.scan({ include: [] });
    writeFileSync(at('a/b/one'), 'written in place');
    const seen = await tree.scan({ include: [], byTimes: true });
    expect(seen.believed).toBeUndefined();
    expect(shown(seen)).toContainEqual(['a/b/one', 'file', 'written in place'.length]);
  });

  it('shows no file of a restore that was listed while none ran, and lists it again when none does', async () => {
    const own = '.codeframe-restore-r1-0.old';
    writeFileSync(at(`d/${own}`), '');
    const restoring: string[] = [];
    const tree = open('old', restoring);
    const names = async (): Promise<readonly string[]> =>
      entriesOf((await tree.scan({ include: [], byTimes: true })).runs).map(({ path }) => path);
    expect(await names()).toContain(`d/${own}`);
    restoring.push('r1');
    expect(await names()).not.toContain(`d/${own}`);
    restoring.pop();
    expect(await names()).toContain(`d/${own}`);
  });

  it('looks at everything the first time', async () => {
    expect(shown(await open('old').scan({ include: [], byTimes: true }))).toEqual(
      shown(await open('old').scan({ include: [] })),
    );
  });
});
