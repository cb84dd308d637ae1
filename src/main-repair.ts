import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { openGitCheckpoints } from './adapters/checkpoint-git/git-checkpoint-store.ts';
import { removeAbandoned, stageName } from './adapters/checkpoint-git/stages.ts';
import { syncPath } from './adapters/checkpoint-git/store-place.ts';
import { findOpener } from './adapters/processes/find-opener.ts';
import { dataHome, findProject } from './adapters/project-files/project-place.ts';
import { newestSchema, openSqliteStore } from './adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from './adapters/system/random-ids.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { openSecrets } from './adapters/secrets-secretlint/open-secrets.ts';
import type { CheckpointStore, StoredCheckpoint } from './checkpoint/checkpoint-store.ts';
import { adoptCheckpoints } from './checkpoint/adopt-checkpoints.ts';
import { allRowsFromParts } from './checkpoint/parts.ts';
import { takeIn } from './checkpoint/take-in.ts';
import { CodeframeError, isFailure } from './failure.ts';
import type { Finding } from './handle.ts';
import { silentLog } from './log.ts';
import { problemOf } from './problem-of.ts';
import { checkDatabase } from './main-moving.ts';
import type { ProjectPlace } from './project/config.ts';
import { redactingStore } from './secret/redacting-store.ts';

/**
 * Makes a project's database anew when it is missing or damaged: from the newest whole checkpoint, with the rows of all
 * others. The damaged files are moved to `backups/damaged-…`, never deleted. Nothing is done to a database that is whole,
 * or newer than this program. May be killed at any moment and called again: the new database takes its place by a rename.
 * Throws `database-in-use` while a process works with the old one.
 */
export async function repairDatabase(dir: string): Promise<readonly Finding[]> {
  const place = findProject(dir, { home: dataHome(process.env) });
  const damage = await damageOf(place);
  if (damage === null) return [];
  refuseInUse(place);
  const stage = makeStage(place.dataDir);
  try {
    const from = await fillNew(place, path.join(stage, 'state.db'));
    const aside = moveAside(place.dataDir);
    renameSync(path.join(stage, 'state.db'), path.join(place.dataDir, 'state.db'));
    syncPath(place.dataDir);
    return [
      { level: 'repaired', subject: 'database', text: words(place, damage, { from, aside }), hint: null },
    ];
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** What is wrong with it, in words; null when it can be used, or when there is nothing yet to be damaged. */
async function damageOf({ dataDir }: ProjectPlace): Promise<string | null> {
  const isNew = !existsSync(path.join(dataDir, 'store.git')) && !existsSync(path.join(dataDir, 'state.db'));
  if (isNew && !existsSync(path.join(dataDir, 'logs', 'codeframe.log'))) return null;
  try {
    const [line] = await checkDatabase(dataDir);
    return line ?? null;
  } catch (error) {
    if (isFailure(error, 'corrupt-database')) return problemOf(error);
    throw error;
  }
}

/** Who owns the project is written in the database, so only the open file tells of a runner that is alive. */
function refuseInUse({ dataDir }: ProjectPlace): void {
  const file = path.join(realpathSync(dataDir), 'state.db');
  const pid = findOpener(file);
  if (pid !== null) throw new CodeframeError({ code: 'database-in-use', path: file, pid });
}

interface RebuiltFrom {
  readonly stored: StoredCheckpoint | null;
  readonly others: number;
}

async function fillNew(place: ProjectPlace, file: string): Promise<RebuiltFrom> {
  const { dir, dataDir, config } = place;
  const { secrets } = openSecrets({ root: dir, dataDir, env: process.env });
  const checkpoints = openGitCheckpoints({ path: path.join(dataDir, 'store.git') });
  const opened = await openSqliteStore({ path: file, backupsDir: path.join(dataDir, 'backups') });
  try {
    const ports = {
      store: redactingStore(opened, secrets),
      checkpoints,
      clock: systemClock,
      ids: randomIds,
      log: silentLog,
      actor: 'doctor',
      project: { id: config.id, name: config.name },
      schema: newestSchema,
    };
    const present = new Set(await checkpoints.ids());
    const stored = await newestWhole(checkpoints, [...present], config.id);
    // With none, the project's row is made when it is opened, as for a project that has just been made.
    if (stored === null) return { stored, others: 0 };
    await takeIn(ports, { stored, present, why: 'rebuild' });
    return { stored, others: (await adoptCheckpoints(ports)).length };
  } finally {
    await opened.close();
    await checkpoints.close();
  }
}

async function newestWhole(
  checkpoints: CheckpointStore,
  ids: readonly string[],
  projectId: string,
): Promise<StoredCheckpoint | null> {
  const opened = await Promise.all(ids.map((id) => checkpoints.open(id).catch(notWhole)));
  const own = opened.filter(
    (one) => one !== null && one.manifest.projectId === projectId,
  ) as StoredCheckpoint[];
  for (const stored of own.toSorted((a, b) => (a.manifest.createdAt < b.manifest.createdAt ? 1 : -1))) {
    if (stored.manifest.schema <= newestSchema && (await isWhole(checkpoints, stored))) return stored;
  }
  return null;
}

async function isWhole(checkpoints: CheckpointStore, stored: StoredCheckpoint): Promise<boolean> {
  const checked = await checkpoints
    .verify(stored.id)
    .then(() => allRowsFromParts(stored))
    .catch(notWhole);
  return checked !== null;
}

function notWhole(error: unknown): null {
  if (isFailure(error)) return null;
  throw error;
}

function makeStage(dataDir: string): string {
  removeAbandoned(dataDir);
  return mkdtempSync(path.join(dataDir, stageName(process.pid)));
}

const damagedPrefix = 'damaged-';

/** Answers where they are now; null when there was none. The database goes first: its log alone is nothing to open. */
function moveAside(dataDir: string): string | null {
  const names = ['state.db', 'state.db-wal', 'state.db-shm'].filter((name) =>
    existsSync(path.join(dataDir, name)),
  );
  if (names.length === 0) return null;
  const aside = makeAside(dataDir);
  for (const name of names) renameSync(path.join(dataDir, name), path.join(aside, name));
  syncPath(aside);
  return aside;
}

/** The one that a repair made, and was killed before anything was in it; else a new one. */
function makeAside(dataDir: string): string {
  const backups = path.join(dataDir, 'backups');
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const left = readdirSync(backups)
    .filter((name) => name.startsWith(damagedPrefix))
    .map((name) => path.join(backups, name))
    .find((aside) => readdirSync(aside).length === 0);
  if (left !== undefined) return left;
  const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '');
  const aside = path.join(backups, `${damagedPrefix}${stamp}-${process.pid}`);
  mkdirSync(aside, { mode: 0o700 });
  return aside;
}

function words(
  { dataDir }: ProjectPlace,
  damage: string,
  { from: { stored, others }, aside }: { readonly from: RebuiltFrom; readonly aside: string | null },
): string {
  const kept = aside === null ? '' : `; the damaged files are in ${aside}`;
  if (stored === null) return `${damage}. There is no whole checkpoint, so the rows begin anew${kept}`;
  const more = others === 0 ? '' : `, with ${others} more in the list`;
  const { createdAt } = stored.manifest;
  const lost = `; what tasks, answers, memory, costs and events have become since is lost, the files are as they were${youngerWords(dataDir, createdAt)}`;
  return `${damage}. The rows are those of checkpoint ${stored.id} (${createdAt}) now${more}${lost}${kept}`;
}

/** A database that was copied before a migration can have rows that the checkpoint has not; they are not merged. */
function youngerWords(dataDir: string, since: string): string {
  const backups = path.join(dataDir, 'backups');
  const younger = (existsSync(backups) ? readdirSync(backups) : [])
    .map((name) => path.join(backups, name))
    .filter((file) => {
      const stats = statSync(file);
      return stats.isFile() && stats.mtimeMs > Date.parse(since);
    });
  return younger.length === 0 ? '' : `; some of it may be in ${younger.join(', ')}`;
}
