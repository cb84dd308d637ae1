import { createHash } from 'node:crypto';
import { CodeframeError } from '../failure.ts';
import { triggers, type Trigger } from './checkpoint.ts';
import type { CodeEntry } from './tree.ts';

/** `manifest.json` of a checkpoint. */
export interface Manifest {
  readonly format: 'codeframe-checkpoint';
  /** 1: each table of the ledger is kept by itself. */
  readonly version: 1 | 2;
  readonly id: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly name: string | null;
  readonly trigger: Trigger;
  readonly reason: string | null;
  readonly createdBy: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly parentId: string | null;
  readonly pauseId: string | null;
  readonly restoreId: string | null;
  readonly program: string;
  /** Of the rows in `state/` and `ledger/`: the number of the newest migration. */
  readonly schema: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly files: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly costUsd: number;
  /** How long agents at work were held until all was read, in ms; null when none worked, missing in those of before schema 3. */
  readonly heldMs?: number | null;
  /** The user's repository at that moment; null where there is none. */
  readonly git: {
    readonly head: string | null;
    readonly branch: string | null;
    readonly operation: string | null;
    /** Staged files that are too big to be kept, by their paths in the repository; missing when there are none. */
    readonly unkept?: readonly { readonly path: string; readonly size: number }[];
  } | null;
  /** The uncovered paths: shown as `showPath` does, with reason. */
  readonly uncovered: readonly {
    readonly path: string;
    readonly reason: string;
    readonly directory: boolean;
    readonly size?: number;
  }[];
  /** How many directories were not looked at, as the change feed told of nothing there; missing when all were looked at. */
  readonly believed?: number;
  /** New files in which no secret was looked for, as they are binary or too big; missing in those of before. */
  readonly unsearched?: readonly string[];
  /**
   * `code`: sha256 of the sorted list of code entries (`codeList`). Every other key is the first two names of part
   * paths (`state/tasks`, `git/index`, `context/ada`): sha256 of the list that `sha256sum` would print of the parts
   * that start so, sorted by path. One hash a group keeps the manifest small when there are many items.
   */
  readonly sha256: Readonly<Record<string, string>>;
}

/** The newest format that this program reads, and the one that it writes. */
export const manifestVersion = 2;

/** The bytes of `manifest.json`. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** The way back. Throws `corrupt-checkpoint` for what is no manifest of the checkpoint `id`, and `checkpoint-newer`. */
export function parseManifest(id: string, bytes: Uint8Array): Manifest {
  const found = parseJson(bytes);
  if (!isRecord(found) || found['format'] !== 'codeframe-checkpoint') throw corrupt(id, 'it is no manifest');
  const version = found['version'];
  if (typeof version === 'number' && version > manifestVersion) {
    throw new CodeframeError({ code: 'checkpoint-newer', id, found: version, known: manifestVersion });
  }
  const wrong = Object.keys(shape).find((key) => !shape[key as keyof Manifest](found[key]));
  if (wrong !== undefined) throw corrupt(id, `its ${wrong} is missing or of another kind`);
  if (found['id'] !== id) throw corrupt(id, `it is that of ${String(found['id'])}`);
  return found as unknown as Manifest;
}

/**
 * The text whose sha256 stands in the manifest as `code`: a line an entry, sorted by path. A line ends with the path,
 * one character a byte, and a NUL.
 */
export function codeList(entries: readonly CodeEntry[]): string {
  let list = '';
  for (const entry of entries) list += codeLine(entry);
  return list;
}

/** The hashes of parts as the manifest carries them: a hash a group, see `Manifest.sha256`. */
export function groupHashes(
  parts: readonly { readonly path: string; readonly sha256: string }[],
): Record<string, string> {
  const groups = new Map<string, string[]>();
  for (const part of parts.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const group = part.path.split('/').slice(0, 2).join('/');
    const lines = groups.get(group) ?? [];
    groups.set(group, lines);
    lines.push(`${part.sha256}  ${part.path}\n`);
  }
  return Object.fromEntries([...groups].map(([group, lines]) => [group, sha256(lines.join(''))]));
}

function codeLine(entry: CodeEntry): string {
  switch (entry.kind) {
    case 'file':
      return `file ${entry.mode.toString(8)} ${entry.object} ${entry.size} ${entry.path}\0`;
    case 'link':
      return `link ${entry.object} ${entry.path}\0`;
    case 'directory':
      // Whether it is empty follows from the other lines.
      return `directory ${entry.mode.toString(8)} ${entry.path}\0`;
  }
}

/** In hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isAmount: Check = (value) => typeof value === 'number' && Number.isFinite(value);

const shape: { readonly [Key in keyof Manifest]-?: Check } = {
  format: isText,
  version: (value) => value === 1 || value === manifestVersion,
  id: isText,
  projectId: isText,
  projectName: isText,
  name: isTextOrNull,
  trigger: (value) => triggers.includes(value as Trigger),
  reason: isTextOrNull,
  createdBy: isText,
  createdAt: (value) => typeof value === 'string' && Number.isFinite(Date.parse(value)),
  parentId: isTextOrNull,
  pauseId: isTextOrNull,
  restoreId: isTextOrNull,
  program: isText,
  schema: isCount,
  counts: (value) => isRecord(value) && Object.values(value).every(isCount),
  files: isCount,
  bytes: isCount,
  tokens: isCount,
  costUsd: isAmount,
  believed: (value) => value === undefined || isCount(value),
  unsearched: (value) =>
    value === undefined || (Array.isArray(value) && value.every((path) => typeof path === 'string')),
  heldMs: (value) => value === undefined || value === null || isCount(value),
  git: (value) =>
    value === null ||
    (isRecord(value) &&
      ['head', 'branch', 'operation'].every((key) => isTextOrNull(value[key])) &&
      (value['unkept'] === undefined || (Array.isArray(value['unkept']) && value['unkept'].every(isUnkept)))),
  uncovered: (value) => Array.isArray(value) && value.every(isUncovered),
  sha256: (value) => isRecord(value) && Object.values(value).every(isSha256),
};

function isUncovered(value: unknown): boolean {
  return (
    isRecord(value) &&
    isText(value['path']) &&
    isText(value['reason']) &&
    typeof value['directory'] === 'boolean' &&
    (value['size'] === undefined || isCount(value['size']))
  );
}

function isUnkept(value: unknown): boolean {
  return isRecord(value) && isText(value['path']) && isCount(value['size']);
}

function isSha256(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function corrupt(id: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-checkpoint', id, part: 'manifest.json', problem });
}
