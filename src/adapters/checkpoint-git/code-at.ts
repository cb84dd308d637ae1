import type { PlacedEntry } from '../../checkpoint/checkpoint-store.ts';
import { showPath, type TreePath } from '../../checkpoint/tree.ts';
import { codePrefix } from './code-entries.ts';
import { storedPath } from './entry-names.ts';
import { corrupt, type StoreReading } from './read-checked.ts';
import { Trees, type Stored } from './trees.ts';
import { decodeModes, fileMode, modesPrefix, type StoredModes } from './tree-modes.ts';

/** What a checkpoint has at these paths, by reading the directories on the way, and of links the target. */
export async function codeAt(
  reading: StoreReading,
  stored: Stored,
  paths: readonly TreePath[],
): Promise<readonly PlacedEntry[]> {
  const trees = new Trees(reading, stored);
  const modes = await readModes(trees);
  const entries: PlacedEntry[] = [];
  for (const path of paths) {
    const entry = await entryAt(trees, modes, path);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function entryAt(trees: Trees, modes: StoredModes, path: TreePath): Promise<PlacedEntry | undefined> {
  const item =
    (await trees.find(codePrefix + storedPath(path, false))) ??
    (await trees.find(codePrefix + storedPath(path, true)));
  if (item === undefined || item.mode === '40000') {
    const mode = modes.directories.get(path) ?? (item && modes.defaults.directory);
    return mode === undefined ? undefined : { kind: 'directory', path, mode };
  }
  const { object } = item;
  if (item.mode === '120000') {
    const target = (await trees.read(object, codePrefix + showPath(path))).toString('latin1');
    return { kind: 'link', path, object, target };
  }
  return { kind: 'file', path, mode: fileMode(modes, item.mode, path), object };
}

export async function readModes(trees: Trees): Promise<StoredModes> {
  const parts = [];
  for (const [name, { object }] of await trees.itemsAt(modesPrefix.slice(0, -1))) {
    const path = modesPrefix + name;
    parts.push({ path, bytes: await trees.read(object, path) });
  }
  const decoded = decodeModes(parts);
  if ('problem' in decoded) throw corrupt(trees.id, decoded.problem, 'it does not list modes');
  return decoded.modes;
}
