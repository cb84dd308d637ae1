import type { PartDraft } from '../../checkpoint/checkpoint-store.ts';
import type { CodeEntry, ModeBits, TreePath } from '../../checkpoint/tree.ts';

/*
 * A git tree knows two modes of a file, and no directory without a file. The rest is in `code-meta/`:
 * `defaults.json`: the most frequent mode of each class, `{"file":"644","program":"755","directory":"755"}`;
 * `XX.ndjson`: a line for each entry with another mode, and for each directory without a file or link below it:
 * `["directory","700","path, a character a byte"]`. XX is a hash of the parent's path, so that what did not change is
 * the same object in the next checkpoint.
 */

export const modesPrefix = 'code-meta/';
const defaultsPath = `${modesPrefix}defaults.json`;

type ModeClass = 'file' | 'program' | 'directory';
type Defaults = Readonly<Record<ModeClass, ModeBits>>;

/** The class of a file's mode, which is all that a git tree keeps of it. */
export function modeClass(mode: ModeBits): 'file' | 'program' {
  return (mode & 0o100) === 0 ? 'file' : 'program';
}

export function encodeModes(entries: readonly CodeEntry[]): PartDraft[] {
  const defaults = mostFrequent(entries);
  const implied = impliedDirectories(entries);
  const buckets = new Map<string, string[]>();
  for (const entry of entries) {
    if (entry.kind === 'link') continue;
    const known = entry.kind === 'file' || implied.has(entry.path);
    if (known && entry.mode === defaults[classOf(entry)]) continue;
    const bucket = bucketOf(parentOf(entry.path));
    const lines = buckets.get(bucket) ?? [];
    buckets.set(bucket, lines);
    lines.push(`${JSON.stringify([entry.kind, entry.mode.toString(8), entry.path])}\n`);
  }
  const octal = Object.entries(defaults).map(([name, mode]) => [name, mode.toString(8)]);
  const parts = [...buckets].map(([bucket, lines]) => part(`${modesPrefix}${bucket}.ndjson`, lines.join('')));
  return [part(defaultsPath, `${JSON.stringify(Object.fromEntries(octal))}\n`), ...parts];
}

/** What the parts say; undefined when one of them is not what `encodeModes` writes, with `problem` told its path. */
export function decodeModes(
  parts: readonly PartDraft[],
): { readonly modes: StoredModes } | { readonly problem: string } {
  const defaults = parseDefaults(parts.find((candidate) => candidate.path === defaultsPath));
  if (defaults === undefined) return { problem: defaultsPath };
  const files = new Map<TreePath, ModeBits>();
  const directories = new Map<TreePath, ModeBits>();
  for (const { path, bytes } of parts) {
    if (path === defaultsPath) continue;
    for (const line of Buffer.from(bytes).toString('utf8').split('\n')) {
      if (line === '') continue;
      const entry = parseLine(line);
      if (entry === undefined) return { problem: path };
      (entry.kind === 'directory' ? directories : files).set(entry.path, entry.mode);
    }
  }
  return { modes: { defaults, files, directories } };
}

export interface StoredModes {
  readonly defaults: Defaults;
  readonly files: ReadonlyMap<TreePath, ModeBits>;
  readonly directories: ReadonlyMap<TreePath, ModeBits>;
}

/** The mode of a file that a git tree has with that of its own. */
export function fileMode({ defaults, files }: StoredModes, gitMode: string, path: TreePath): ModeBits {
  return files.get(path) ?? (gitMode === '100755' ? defaults.program : defaults.file);
}

/** All directories of a checkpoint, by its files and links and by what `encodeModes` wrote down. */
export function directoryEntries(
  entries: readonly CodeEntry[],
  modes: StoredModes,
): Extract<CodeEntry, { kind: 'directory' }>[] {
  const all = new Set([...impliedDirectories(entries), ...modes.directories.keys()]);
  const full = new Set([...entries.map((entry) => entry.path), ...all].map(parentOf));
  return Array.from(all, (path) => ({
    kind: 'directory',
    path,
    mode: modes.directories.get(path) ?? modes.defaults.directory,
    empty: !full.has(path),
  }));
}

/** The directories above files and links. */
function impliedDirectories(entries: readonly CodeEntry[]): Set<TreePath> {
  const directories = new Set<TreePath>();
  let last: TreePath | undefined;
  for (const entry of entries) {
    if (entry.kind === 'directory' || (last !== undefined && isChildOf(entry.path, last))) continue;
    last = parentOf(entry.path);
    for (let above = parentOf(entry.path); above !== '' && !directories.has(above); above = parentOf(above)) {
      directories.add(above);
    }
  }
  return directories;
}

function mostFrequent(entries: readonly CodeEntry[]): Defaults {
  const counts: Record<ModeClass, Map<ModeBits, number>> = {
    file: new Map([[0o644, 0]]),
    program: new Map([[0o755, 0]]),
    directory: new Map([[0o755, 0]]),
  };
  for (let i = 0; i < entries.length;) {
    const entry = entries[i];
    const from = i;
    // Mostly the same mode many times: what is asked of a map is asked once for all of them.
    do i += 1;
    while (i < entries.length && isOfMode(entries[i], entry));
    if (entry === undefined || entry.kind === 'link') continue;
    const count = counts[classOf(entry)];
    count.set(entry.mode, (count.get(entry.mode) ?? 0) + i - from);
  }
  return { file: top(counts.file), program: top(counts.program), directory: top(counts.directory) };
}

function top(counts: ReadonlyMap<ModeBits, number>): ModeBits {
  const [first] = [...counts].toSorted(([modeA, a], [modeB, b]) => b - a || modeA - modeB);
  return first?.[0] ?? 0;
}

function classOf(entry: Extract<CodeEntry, { mode: ModeBits }>): ModeClass {
  return entry.kind === 'directory' ? 'directory' : modeClass(entry.mode);
}

function isOfMode(a: CodeEntry | undefined, b: CodeEntry | undefined): boolean {
  return a?.kind === 'file' && b?.kind === 'file' && a.mode === b.mode;
}

/** Whether it is in this very directory, and none below it. */
function isChildOf(path: TreePath, directory: TreePath): boolean {
  return path.lastIndexOf('/') === directory.length && path.startsWith(directory);
}

function parentOf(path: TreePath): TreePath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function bucketOf(path: TreePath): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 16)) & 255).toString(16).padStart(2, '0');
}

function part(path: string, text: string): PartDraft {
  return { path, bytes: Buffer.from(text, 'utf8') };
}

function parseDefaults(found: PartDraft | undefined): Defaults | undefined {
  const value = found === undefined ? undefined : parseJson(Buffer.from(found.bytes).toString('utf8'));
  if (typeof value !== 'object' || value === null) return undefined;
  const { file, program, directory } = value as Record<string, unknown>;
  const modes = [file, program, directory].map(parseMode);
  const [fileMode, programMode, directoryMode] = modes;
  if (fileMode === undefined || programMode === undefined || directoryMode === undefined) return undefined;
  return { file: fileMode, program: programMode, directory: directoryMode };
}

function parseLine(
  line: string,
): { readonly kind: string; readonly mode: ModeBits; readonly path: TreePath } | undefined {
  const value = parseJson(line);
  if (!Array.isArray(value)) return undefined;
  const [kind, octal, path] = value as unknown[];
  const mode = parseMode(octal);
  if ((kind !== 'file' && kind !== 'directory') || typeof path !== 'string' || mode === undefined)
    return undefined;
  return { kind, mode, path };
}

function parseMode(value: unknown): ModeBits | undefined {
  return typeof value === 'string' && /^[0-7]{1,4}$/.test(value) ? parseInt(value, 8) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
