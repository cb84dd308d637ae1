import { existsSync } from 'node:fs';
import { open, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { restoreNamePrefix } from '../../checkpoint/tree.ts';
import type { TreeOperation, WriteJob } from '../../checkpoint/tree-writer.ts';

/*
 * `<journal>/<restoreId>.ndjson`: a first line that says what it is, a line for each operation, and a last line, so
 * that a cut one is known. It appears whole (rename) before anything in the project is touched, and never changes.
 */

const format = 'codeframe-restore';
const version = 1;

/** What one operation calls its files beside the target: the new content, and what was there before. */
export function ownNames(restoreId: string, index: number): { readonly fresh: string; readonly old: string } {
  const name = `${restoreNamePrefix}${restoreId}-${index}`;
  return { fresh: `${name}.new`, old: `${name}.old` };
}

export async function writeJournal(directory: string, job: WriteJob): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lines = [
    { format, version, restoreId: job.restoreId },
    ...job.operations,
    { end: job.operations.length },
  ];
  const path = journalPath(directory, job.restoreId);
  const partial = `${path}.partial`;
  await rm(partial, { force: true });
  const file = await open(partial, 'wx', 0o600);
  try {
    await file.writeFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  await syncDirectory(directory);
}

/** The operations of a restore; undefined when it has no journal. Throws `corrupt-store` when it cannot be read. */
export async function readJournal(
  directory: string,
  restoreId: string,
): Promise<readonly TreeOperation[] | undefined> {
  const path = journalPath(directory, restoreId);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const lines = text.split('\n').slice(0, -1).map(parseLine);
  const first = lines[0] as { format?: unknown; version?: unknown } | undefined;
  if (first?.format !== format) throw corrupt(path, 'it is no journal of a restore');
  if (first.version !== version) throw corrupt(path, `it is of version ${String(first.version)}`);
  const last = lines.at(-1) as { end?: unknown } | undefined;
  if (last?.end !== lines.length - 2) throw corrupt(path, 'it is cut or altered');
  return lines.slice(1, -1) as readonly TreeOperation[];
}

export function hasJournal(directory: string, restoreId: string): boolean {
  return existsSync(journalPath(directory, restoreId));
}

export async function removeJournal(directory: string, restoreId: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rm(`${journalPath(directory, restoreId)}.partial`, { force: true });
  await rm(journalPath(directory, restoreId), { force: true });
  await syncDirectory(directory);
}

export async function listJournals(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => name.slice(0, -'.ndjson'.length))
    .toSorted();
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function journalPath(directory: string, restoreId: string): string {
  return join(directory, `${restoreId}.ndjson`);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function corrupt(path: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-store', path, problem });
}
