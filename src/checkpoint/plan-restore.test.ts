import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parentsOf, randomTree, treeOf, type ModelNode, type ModelTree } from '../../test/rig/random-tree.ts';
import { planRestore, type RestorePlan } from './plan-restore.ts';
import { hiddenPaths, type KnownEntry, type PresentTree } from './present-tree.ts';
import type { CodeEntry, Uncovered } from './tree.ts';
import type { TreeOperation } from './tree-writer.ts';
import { wantedTree } from './wanted-tree.ts';
import type { Present } from './work-tree.ts';

/** More runs of the random tests, for a long run. */
const fuzz = Number(process.env['CODEFRAME_FUZZ'] ?? 1);

describe('a plan of a restore', () => {
  it('makes any tree of any other, and touches nothing ignored that is not in the way', () => {
    fc.assert(
      fc.property(randomTree(), randomTree(), (present, target) => {
        const wanted = new Map([...target].filter(([path]) => !isIgnored(path)));
        const { plan, save } = planBoth(wanted, present);
        expect(plan.problems).toEqual([]);
        const after = applyTo(present, plan.operations);
        for (const [path, node] of wanted) expect(after.get(path)).toEqual(node);
        for (const [path, node] of after) {
          if (!wanted.has(path)) expect(mayStay(path, after)).toBe(true);
          if (!wanted.has(path) && isIgnored(path)) expect(node).toEqual(present.get(path));
        }
        for (const path of present.keys()) {
          if (isIgnored(path) && !isAtOrBelow(path, save)) expect(after.has(path)).toBe(true);
        }
      }),
      { numRuns: 1_000 * fuzz },
    );
  });

  it('is empty exactly when the tree is as wanted', () => {
    fc.assert(
      fc.property(randomTree(['a', 'b']), (tree) => {
        expect(planBoth(tree, tree).plan.operations).toEqual([]);
      }),
    );
  });

  it('never finds anything to do after it was applied', () => {
    fc.assert(
      fc.property(randomTree(), randomTree(), (present, target) => {
        const wanted = new Map([...target].filter(([path]) => !isIgnored(path)));
        const { plan } = planBoth(wanted, present);
        expect(planBoth(wanted, applyTo(present, plan.operations)).plan.operations).toEqual([]);
      }),
      { numRuns: 500 * fuzz },
    );
  });

  it('lists an ignored file that has the place of a wanted one, and plans its replacement once it is included', () => {
    const present = treeOf([['ign', file('mine')]]);
    const wanted = treeOf([['ign', file('theirs')]]);
    const first = planOnce(wanted, present, []);
    expect(first).toMatchObject({ save: ['ign'], operations: [] });
    const second = planOnce(wanted, present, ['ign']);
    expect(second.save).toEqual([]);
    expect(second.changes).toEqual([{ path: 'ign', change: 'change' }]);
  });

  it('lists an ignored file in a directory that becomes a file', () => {
    const present = treeOf([
      ['d/covered', file('1')],
      ['d/ign/deep', file('2')],
    ]);
    const plan = planOnce(treeOf([['d', file('3')]]), present, []);
    expect(plan.save).toEqual(['d/ign']);
  });

  it('leaves what lies beside a wanted file in an ignored directory', () => {
    const present = treeOf([
      ['ign/kept', file('kept')],
      ['ign/wanted', file('old')],
    ]);
    const wanted = treeOf([['ign/wanted', file('new')]]);
    const { plan, save } = planBoth(wanted, present);
    expect(save).toEqual(['ign/wanted']);
    expect(applyTo(present, plan.operations)).toEqual(
      treeOf([
        ['ign/kept', file('kept')],
        ['ign/wanted', file('new')],
      ]),
    );
  });

  it('refuses when something that cannot be saved is in the way', () => {
    const plan = planRestore(wantedTree('c1', codeOf(treeOf([['pipe', file('x')]]))), {
      entries: [],
      uncovered: [{ path: 'pipe', reason: 'special', directory: false }],
      included: [],
      found: new Map([['pipe', { kind: 'special' }]]),
    });
    expect(plan.problems.map(({ path }) => path)).toEqual(['pipe']);
  });

  it('keeps a directory in which something uncovered lies, and deletes what was captured in it', () => {
    const present = treeOf([
      ['d/gone', file('1')],
      ['d/ign', file('2')],
    ]);
    const plan = planOnce(new Map(), present, []);
    expect(plan.operations.map(({ kind, path }) => [kind, path])).toEqual([['remove', 'd/gone']]);
  });

  it('does not delete what the checkpoint did not cover, although it is covered now', () => {
    const present = treeOf([
      ['modules/pkg/file', file('1')],
      ['other/file', file('2')],
      ['na\xefve', file('3')],
    ]);
    const tree = { ...scanOf(present, []), included: [], found: new Map() };
    const plan = planRestore(wantedTree('c1', []), tree, { unknown: new Set(['modules', 'na\\xefve']) });
    expect(plan.operations.map(({ kind, path }) => [kind, path])).toEqual([
      ['remove', 'other/file'],
      ['remove-directory', 'other'],
    ]);
  });

  it('never deletes what makes the directory a project', () => {
    const present = treeOf([
      ['.codeframe/config.json', file('{}')],
      ['.codeframe/other', file('1')],
    ]);
    const plan = planOnce(new Map(), present, []);
    expect(plan.operations.map(({ kind, path }) => [kind, path])).toEqual([['remove', '.codeframe/other']]);
    const inItsPlace = planOnce(treeOf([['.codeframe', file('x')]]), present, []);
    expect(inItsPlace.operations.map(({ path }) => path)).not.toContain('.codeframe/config.json');
    expect(inItsPlace.problems).toEqual([]);
  });

  it('names each path once in its changes, directories only where they say something', () => {
    const present = treeOf([
      ['empty', directory()],
      ['full/file', file('1')],
      ['swap/file', file('1')],
      ['mode', file('1')],
      ['link', { kind: 'link', target: 'a' }],
    ]);
    const wanted = treeOf([
      ['new/file', file('1')],
      ['hollow', directory()],
      ['swap', file('1')],
      ['mode', file('1', 0o755)],
      ['link', { kind: 'link', target: 'b' }],
    ]);
    expect(planOnce(wanted, present, []).changes).toEqual([
      { path: 'empty', change: 'delete' },
      { path: 'full/file', change: 'delete' },
      { path: 'hollow', change: 'add' },
      { path: 'link', change: 'change' },
      { path: 'mode', change: 'mode' },
      { path: 'new/file', change: 'add' },
      { path: 'swap', change: 'type' },
      { path: 'swap/file', change: 'delete' },
    ]);
  });

  it('has another digest when what it would replace has changed', () => {
    const wanted = treeOf([['f', file('wanted')]]);
    const digests = ['one', 'two'].map((text) => planOnce(wanted, treeOf([['f', file(text)]]), []).digest);
    expect(new Set(digests).size).toBe(2);
  });
});

describe('the tree that a checkpoint wants', () => {
  it.each(['../out', '/etc/passwd', 'a/../../b', 'a//b', '.', '', 'a/.git/config', '.git', 'nul\0'])(
    'is refused as corrupt when it names %j',
    (path) => {
      expect(() => wantedTree('c1', [{ kind: 'file', path, mode: 0o644, object: 'x', size: 0 }])).toThrow(
        'corrupt-checkpoint',
      );
    },
  );

  it('is refused as corrupt when a file lies in a link', () => {
    const entries: CodeEntry[] = [
      { kind: 'link', path: 'd', object: 'x', target: '/etc' },
      { kind: 'file', path: 'd/passwd', mode: 0o644, object: 'x', size: 0 },
    ];
    expect(() => wantedTree('c1', entries)).toThrow('corrupt-checkpoint');
  });
});

function file(text: string, mode = 0o644): ModelNode {
  return { kind: 'file', mode, text };
}

function directory(mode = 0o755): ModelNode {
  return { kind: 'directory', mode };
}

function isIgnored(path: string): boolean {
  return path.split('/').some((name) => name.startsWith('ign'));
}

function isAtOrBelow(path: string, paths: readonly string[]): boolean {
  return paths.some((other) => path === other || path.startsWith(`${other}/`));
}

/** Ignored, or a directory in which something ignored lies. */
function mayStay(path: string, tree: ModelTree): boolean {
  return (
    isIgnored(path) || [...tree.keys()].some((other) => isIgnored(other) && parentsOf(other).includes(path))
  );
}

function planBoth(wanted: ModelTree, present: ModelTree): { plan: RestorePlan; save: readonly string[] } {
  const first = planOnce(wanted, present, []);
  if (first.save.length === 0) return { plan: first, save: [] };
  const plan = planOnce(wanted, present, first.save);
  expect(plan.save).toEqual([]);
  return { plan, save: first.save };
}

function planOnce(wanted: ModelTree, present: ModelTree, included: readonly string[]): RestorePlan {
  const target = wantedTree('c1', codeOf(wanted));
  const scan = scanOf(present, included);
  const found = new Map(hiddenPaths(target, scan).map((path) => [path, presentOf(present.get(path))]));
  return planRestore(target, { ...scan, included, found });
}

/** What a scan of the model would answer. */
function scanOf(tree: ModelTree, included: readonly string[]): Pick<PresentTree, 'entries' | 'uncovered'> {
  const entries: KnownEntry[] = [];
  const uncovered: Uncovered[] = [];
  for (const [path, node] of tree) {
    const isReached = (at: string): boolean => included.some((other) => other.startsWith(`${at}/`));
    const hidden = parentsOf(path).some((above) => isIgnored(above) && !isReached(above));
    if (!isIgnored(path) || isReached(path) || isAtOrBelow(path, included)) entries.push(knownOf(path, node));
    else if (!hidden) {
      uncovered.push({ path, reason: 'ignored', directory: node.kind === 'directory' });
    }
  }
  return { entries, uncovered };
}

function knownOf(path: string, node: ModelNode): KnownEntry {
  if (node.kind === 'link') return { kind: 'link', path, target: node.target };
  if (node.kind === 'directory') return { kind: 'directory', path, mode: node.mode, empty: false };
  const stat = { size: node.text.length, mtimeMs: 0, ctimeMs: 0, inode: 0, device: 0 };
  return { kind: 'file', path, mode: node.mode, stat, size: stat.size, object: objectOf(node.text) };
}

function presentOf(node: ModelNode | undefined): Present {
  if (node === undefined) return { kind: 'absent' };
  if (node.kind === 'link') return { kind: 'link', target: node.target };
  if (node.kind === 'directory') return { kind: 'directory', mode: node.mode };
  const stat = { size: node.text.length, mtimeMs: 0, ctimeMs: 0, inode: 0, device: 0 };
  return { kind: 'file', mode: node.mode, size: node.text.length, stat };
}

const texts = new Map<string, string>();

function objectOf(text: string): string {
  const object = createHash('sha1').update(text).digest('hex');
  texts.set(object, text);
  return object;
}

function codeOf(tree: ModelTree): CodeEntry[] {
  return [...tree].map(([path, node]): CodeEntry => {
    if (node.kind === 'directory') return { kind: 'directory', path, mode: node.mode, empty: false };
    if (node.kind === 'link')
      return { kind: 'link', path, object: objectOf(node.target), target: node.target };
    return { kind: 'file', path, mode: node.mode, object: objectOf(node.text), size: node.text.length };
  });
}

/** Carries out the operations as strictly as a file system would. */
function applyTo(tree: ModelTree, operations: readonly TreeOperation[]): ModelTree {
  const after = new Map(tree);
  for (const operation of operations) {
    const { path } = operation;
    const parents = parentsOf(path);
    expect(parents.every((parent) => after.get(parent)?.kind === 'directory')).toBe(true);
    if ('home' in operation && operation.home !== '') {
      expect(tree.get(operation.home)?.kind).toBe('directory');
      expect(parents).toContain(operation.home);
    }
    applyOne(after, operation);
  }
  for (const operation of operations) {
    if ('home' in operation && operation.home !== '')
      expect(after.get(operation.home)?.kind).toBe('directory');
  }
  return new Map([...after].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function applyOne(tree: Map<string, ModelNode>, operation: TreeOperation): void {
  const { path } = operation;
  const there = tree.get(path);
  switch (operation.kind) {
    case 'put-file':
    case 'put-link':
      expect(there?.kind ?? 'absent').toBe(operation.before.kind);
      tree.set(
        path,
        operation.kind === 'put-link'
          ? { kind: 'link', target: operation.target }
          : { kind: 'file', mode: operation.mode, text: texts.get(operation.object) ?? '?' },
      );
      return;
    case 'remove':
      expect(there?.kind).toBe(operation.before.kind);
      tree.delete(path);
      return;
    case 'remove-directory':
      expect(there?.kind).toBe('directory');
      expect([...tree.keys()].filter((other) => other.startsWith(`${path}/`))).toEqual([]);
      tree.delete(path);
      return;
    case 'make-directory':
      expect(there).toBeUndefined();
      tree.set(path, { kind: 'directory', mode: operation.mode });
      return;
    case 'set-mode':
    case 'set-directory-mode':
      expect(there).toBeDefined();
      if (there !== undefined && there.kind !== 'link') tree.set(path, { ...there, mode: operation.mode });
  }
}
