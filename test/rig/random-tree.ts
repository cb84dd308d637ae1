import fc from 'fast-check';

/** A small working tree, by path (one character a byte). */
export type ModelTree = ReadonlyMap<string, ModelNode>;

export type ModelNode =
  | { readonly kind: 'file'; readonly mode: number; readonly text: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory'; readonly mode: number };

/**
 * Trees over so few names that two of them meet often, in every combination of kinds.
 * What lies at or below a name that starts with `ign` is ignored by the tests that use it.
 */
export function randomTree(names: readonly string[] = ['a', 'b', 'ign']): fc.Arbitrary<ModelTree> {
  const path = fc
    .array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'));
  return fc.array(fc.tuple(path, randomNode), { maxLength: 12 }).map(treeOf);
}

const randomNode: fc.Arbitrary<ModelNode> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      mode: fc.constantFrom(0o644, 0o600, 0o755, 0o4711, 0o400),
      text: fc.constantFrom('', 'one\n', 'two\n', 'four \u0000\r\n'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      target: fc.constantFrom('a', '../outside', '/nowhere', 'ign'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('directory' as const),
      mode: fc.constantFrom(0o755, 0o700, 0o1777),
    }),
  },
);

export function treeOf(nodes: readonly (readonly [string, ModelNode])[]): ModelTree {
  const tree = new Map<string, ModelNode>();
  for (const [path, node] of nodes) {
    const parents = parentsOf(path);
    const fits = parents.every((parent) => (tree.get(parent)?.kind ?? 'directory') === 'directory');
    if (!fits || tree.has(path)) continue;
    for (const parent of parents) if (!tree.has(parent)) tree.set(parent, { kind: 'directory', mode: 0o755 });
    tree.set(path, node);
  }
  return new Map([...tree].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
