import { byPath, type CodeEntry, type ObjectId, type TreePath } from '../../checkpoint/tree.ts';
import { pathOfStored } from './entry-names.ts';
import { directoryEntries, fileMode, modeClass, type StoredModes } from './tree-modes.ts';

/** A blob of a checkpoint: its path from the top, as stored. */
export interface StoredBlob {
  readonly path: string;
  readonly mode: string;
  readonly object: ObjectId;
  readonly size: number;
}

export const codePrefix = 'code/';

/** The working tree that these blobs and modes stand for, sorted by path. `targets`: the bytes of each link. */
export function codeEntries(
  blobs: readonly StoredBlob[],
  modes: StoredModes,
  targets: ReadonlyMap<ObjectId, string>,
): CodeEntry[] {
  const entries: CodeEntry[] = [];
  for (const blob of blobs) {
    if (blob.path.startsWith(codePrefix)) entries.push(entryOf(blob, modes, targets));
  }
  const directories = directoryEntries(entries, modes);
  return [...entries, ...directories].sort(byPath);
}

export function isLink(blob: StoredBlob): boolean {
  return blob.mode === '120000';
}

function entryOf(
  blob: StoredBlob,
  modes: StoredModes,
  targets: ReadonlyMap<ObjectId, string>,
): Exclude<CodeEntry, { kind: 'directory' }> {
  const path: TreePath = pathOfStored(blob.path.slice(codePrefix.length));
  const { object, size } = blob;
  if (isLink(blob)) return { kind: 'link', path, object, target: targets.get(object) ?? '' };
  return { kind: 'file', path, mode: fileMode(modes, blob.mode, path), object, size };
}

/** The mode that a git tree has for it. */
export function gitMode(entry: Exclude<CodeEntry, { kind: 'directory' }>): string {
  if (entry.kind === 'link') return '120000';
  return modeClass(entry.mode) === 'program' ? '100755' : '100644';
}
