import type { AgentHomes } from '../agent/home.ts';
import type { AgentWorktrees } from '../agent/worktree.ts';
import { iso, type Clock } from '../clock.ts';
import { recordEvent } from '../event/record-event.ts';
import { isFailure } from '../failure.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { spentUsd } from '../project/budget.ts';
import type { Redactor } from '../secret/redactor.ts';
import { checkFence } from '../store/fence.ts';
import type { Fence, Store } from '../store/store.ts';
import { CapturedCode } from './captured-code.ts';
import { checkCheckpointName } from './checkpoint-name.ts';
import type { CheckpointStore, PartDraft, WrittenContent } from './checkpoint-store.ts';
import { isAutomatic, type CheckpointRow, type Trigger } from './checkpoint.ts';
import { manifestVersion, type Manifest } from './manifest.ts';
import { partsFromRows, readRows, rowCounts, type AllRows, type ReadTables } from './parts.ts';
import { sessionParts } from './session-parts.ts';
import { showPath, type TreePath } from './tree.ts';
import type { CapturedGit, UserGit } from './user-git.ts';
import type { Held, WorkTree } from './work-tree.ts';
import { captureWorktrees, withUnkept, worktreeParts, type KnownWorktree } from './worktree-parts.ts';

/** What a capture needs. */
export interface CheckpointPorts {
  readonly store: Store;
  readonly checkpoints: CheckpointStore;
  readonly tree: WorkTree;
  readonly git: UserGit;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** `marker`: see `markerScope`. */
  readonly project: { readonly id: string; readonly name: string; readonly marker?: string };
  /** The program's version. */
  readonly program: string;
  /** The number of the newest migration. */
  readonly schema: number;
  /** Takes secrets out of what the manifest says; nothing is taken out when left out. */
  readonly secrets?: Redactor;
  /** The session files of agents that others wrote. */
  readonly homes?: AgentHomes;
  readonly worktrees?: AgentWorktrees;
}

export interface CheckpointRequest {
  readonly id?: string;
  readonly trigger: Trigger;
  readonly name?: string;
  readonly reason?: string;
  readonly createdBy: string;
  readonly pauseId?: string;
  readonly restoreId?: string;
  /** Ignored paths to take in all the same. */
  readonly include?: readonly TreePath[];
  /** What the store holds already: taken in although a secret is in it. */
  readonly held?: Held;
  /** Left out: the newest checkpoint, or the one that was restored since. */
  readonly parentId?: string;
  readonly fence?: Fence;
  /** Holds the agents where they are while rows and files are read, for a consistent cut; nobody works when left out. */
  readonly hold?: HoldAgents;
  /** Writes nothing, and throws `Unchanged`, when all of these parts are as they are in this checkpoint. */
  readonly unlessAs?: { readonly id: string; readonly parts: (part: string) => boolean };
}

/** Brings agents at work to a stand. Called again when the files have to be read again. */
export type HoldAgents = () => Promise<HeldAgents>;

export interface HeldAgents {
  /** Lets them go on; answers how long they were held, in ms. Again it only answers. */
  release(): number;
}

/** Nothing has changed since the checkpoint that a request named: none was made. */
export class Unchanged extends Error {}

export interface CreatedCheckpoint {
  readonly row: CheckpointRow;
  readonly manifest: Manifest;
  readonly phasesMs: Readonly<Record<string, number>>;
}

/**
 * Writes code, rows and memory as they are now as one checkpoint: objects, then the ref that names them, then the row.
 * Whatever fails before the ref leaves nothing (C1, C5); killed between ref and row, `adoptCheckpoints` adds the row.
 * Throws `invalid-argument` for a name that could not be restored by.
 */
export async function createCheckpoint(
  ports: CheckpointPorts,
  request: CheckpointRequest,
): Promise<CreatedCheckpoint> {
  if (request.name !== undefined) checkCheckpointName(request.name);
  try {
    return await new Capture(ports, request, false).run();
  } catch (error) {
    if (!isFailure(error, 'corrupt-store')) throw error;
    // The scan cache names objects that this store does not have, as after it was deleted: read every file then.
    ports.log.warn({ err: error }, 'the store lacks objects that the scan cache knows; reading every file');
    return new Capture(ports, request, true).run();
  }
}

/** What was read of a store the last time: most of its tables have not changed since. */
const lastRead = new WeakMap<Store, ReadTables>();

async function readAll(store: Store): Promise<AllRows> {
  const read = await store.read((tx) => readRows(tx, lastRead.get(store)));
  lastRead.set(store, read);
  return read.rows;
}

class Capture {
  readonly #ports: CheckpointPorts;
  readonly #request: CheckpointRequest;
  readonly #id: string;
  readonly #createdAt: number;
  readonly #began: number;
  readonly #code: CapturedCode;
  readonly #phasesMs: Record<string, number> = {};
  #held: HeldAgents | undefined;
  #keeping: Promise<void> | undefined;

  constructor(ports: CheckpointPorts, request: CheckpointRequest, distrustCache: boolean) {
    this.#ports = ports;
    this.#request = request;
    this.#id = request.id ?? ports.ids.next('checkpoint');
    this.#createdAt = ports.clock.now();
    this.#began = ports.clock.elapsed();
    this.#code = new CapturedCode(ports.tree, {
      include: request.include ?? [],
      distrustCache,
      byFeed: isAutomatic(request.trigger),
      ...(request.held === undefined ? {} : { held: request.held }),
    });
  }

  async run(): Promise<CreatedCheckpoint> {
    const { clock, git, log } = this.#ports;
    const before = await this.#hashesBefore();
    this.#held = await this.#request.hold?.();
    let isWritten = false;
    try {
      const { commit, manifest } = await this.#write(before);
      isWritten = true;
      this.#mark('content');
      await this.#keeping;
      const row = rowOf(manifest, { commit, durationMs: Math.round(clock.elapsed() - this.#began) });
      await insertRow(this.#ports, row, this.#request.fence);
      this.#mark('row');
      log.info({ id: row.id, commit, phasesMs: this.#phasesMs }, 'checkpoint written');
      return { row, manifest, phasesMs: this.#phasesMs };
    } catch (error) {
      await this.#keeping;
      // Once it is there it needs its commits, also when its row could not be written: it is adopted later.
      const isNeeded = isWritten || isFailure(error, 'already-exists');
      if (!isNeeded) await git.release(this.#id).catch(() => undefined);
      throw error;
    } finally {
      this.#held?.release();
    }
  }

  /** Of the checkpoint that this one must differ from; undefined when there is none, or it cannot be read. */
  async #hashesBefore(): Promise<Manifest['sha256'] | undefined> {
    const { unlessAs } = this.#request;
    if (unlessAs === undefined) return undefined;
    try {
      return (await this.#ports.checkpoints.open(unlessAs.id)).manifest.sha256;
    } catch (error) {
      this.#ports.log.warn({ err: error, id: unlessAs.id }, 'cannot compare with the checkpoint before');
      return undefined;
    }
  }

  #refuseUnchanged(now: Manifest['sha256'], before: Manifest['sha256'] | undefined): void {
    const { unlessAs } = this.#request;
    if (unlessAs === undefined || before === undefined) return;
    const parts = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(unlessAs.parts);
    if (parts.every((part) => now[part] === before[part])) throw new Unchanged();
  }

  async #write(
    before: Manifest['sha256'] | undefined,
  ): Promise<{ readonly commit: string; readonly manifest: Manifest }> {
    const { checkpoints, git, store, tree, log } = this.#ports;
    const gathering = Promise.all([readAll(store), git.capture()]);
    // Awaited when the code is written; until then its failure must not end the process.
    gathering.catch(() => undefined);
    let manifest: Manifest | undefined;
    let gathered: readonly [AllRows, CapturedGit | null] | undefined;
    const ports = this.#ports;
    const { fence } = this.#request;
    const keepWorktrees = (known: readonly KnownWorktree[]): Promise<void> => this.#keepWorktrees(known);
    const parts = async function* (): AsyncGenerator<readonly PartDraft[]> {
      gathered = await gathering;
      const [rows, captured] = gathered;
      yield [...partsFromRows(rows), ...(captured?.parts ?? []), ...(captured?.staged ?? [])];
      yield await sessionParts(ports, rows);
      const worktrees = await captureWorktrees(ports, rows.worktrees);
      yield worktreeParts(worktrees);
      gathered = [rows, withUnkept(captured, worktrees)];
      await keepWorktrees(worktrees);
      // Everything has been read. Had another owner come meanwhile, it would be of two instants, and adopted as if it were whole.
      if (fence !== undefined) checkFence(fence, await store.read((tx) => tx.get('leases', 'runner')));
    };
    const written = await checkpoints.create({
      id: this.#id,
      // Not before: should this process die, whoever finds that it was cut takes the ref away again.
      begun: () => {
        this.#keeping = gathering.then(
          ([, captured]) => this.#keep(captured),
          () => undefined,
        );
      },
      code: this.#code.batches(() => this.#mark('scan')),
      parts: parts(),
      manifest: (content) => {
        if (gathered === undefined) throw new Error('the store asked for the manifest before the parts');
        this.#refuseUnchanged(content.sha256, before);
        manifest = this.#manifest(content, gathered);
        return manifest;
      },
    });
    if (manifest === undefined) throw new Error('the store wrote a checkpoint without a manifest');
    await tree.remember(this.#code.known(written.objects)).catch((error: unknown) => {
      // The next scan reads those files again.
      log.warn({ err: error }, 'the scan cache was not written');
    });
    return { commit: written.commit, manifest };
  }

  /** The user's commits are theirs: that they cannot be kept alive is told, and stops no checkpoint. */
  async #keep(captured: CapturedGit | null): Promise<void> {
    const { git, log } = this.#ports;
    if (captured === null) return;
    await git.keep(this.#id, captured).catch((error: unknown) => {
      log.warn({ err: error, id: this.#id }, 'no ref keeps the commits of the checkpoint alive');
    });
  }

  /** As `#keep`; what they hold is in the checkpoint besides. */
  async #keepWorktrees(known: readonly KnownWorktree[]): Promise<void> {
    const { worktrees, log } = this.#ports;
    for (const { row, captured } of known) {
      await worktrees?.keep(row, this.#id, captured).catch((error: unknown) => {
        log.warn({ err: error, id: this.#id }, 'no ref keeps the commits of a worktree alive');
      });
    }
  }

  #manifest(content: WrittenContent, [rows, git]: readonly [AllRows, CapturedGit | null]): Manifest {
    const { project, program, schema } = this.#ports;
    const { trigger, createdBy, name = null, reason = null } = this.#request;
    return {
      format: 'codeframe-checkpoint',
      version: manifestVersion,
      id: this.#id,
      projectId: project.id,
      projectName: project.name,
      name: name && this.#redact(name),
      trigger,
      reason: reason && this.#redact(reason),
      createdBy,
      createdAt: iso(this.#createdAt),
      parentId: this.#request.parentId ?? parentOf(rows),
      pauseId: this.#request.pauseId ?? null,
      restoreId: this.#request.restoreId ?? null,
      program,
      schema,
      counts: rowCounts(rows),
      files: content.files,
      bytes: content.bytes,
      tokens: rows.context_items.reduce((sum, item) => sum + item.promptTokens, 0),
      costUsd: spentUsd(rows.costs),
      // All is read by now: what is left is written while they work on.
      heldMs: this.#held?.release() ?? null,
      git: git === null ? null : gitOf(git),
      uncovered: this.#code.uncovered().map((entry) => ({
        ...entry,
        path: this.#redact(showPath(entry.path)),
      })),
      ...(this.#code.believed > 0 && { believed: this.#code.believed }),
      unsearched: this.#code.unsearched().map((path) => this.#redact(showPath(path))),
      sha256: content.sha256,
    };
  }

  #redact(text: string): string {
    return this.#ports.secrets?.redact(text).text ?? text;
  }

  #mark(phase: string): void {
    this.#phasesMs[phase] = Math.round(this.#ports.clock.elapsed() - this.#began);
  }
}

/** The newest checkpoint, or the one that was restored after it. */
function parentOf(rows: AllRows): string | null {
  const newest = latest(rows.checkpoints, (row) => row.createdAt);
  const restored = latest(
    rows.restores.filter((row) => row.status === 'finished'),
    (row) => row.endedAt ?? row.startedAt,
  );
  if (restored === undefined) return newest?.id ?? null;
  const restoredAt = restored.endedAt ?? restored.startedAt;
  return newest !== undefined && newest.createdAt > restoredAt ? newest.id : restored.checkpointId;
}

function latest<Row>(rows: readonly Row[], at: (row: Row) => number): Row | undefined {
  return rows.reduce<Row | undefined>((best, row) => (best && at(best) > at(row) ? best : row), undefined);
}

/** What the ledger has of a checkpoint, from its manifest. */
export function rowOf(
  manifest: Manifest,
  made: { readonly commit: string; readonly durationMs: number },
): CheckpointRow {
  return {
    id: manifest.id,
    name: manifest.name,
    trigger: manifest.trigger,
    reason: manifest.reason,
    createdBy: manifest.createdBy,
    parentId: manifest.parentId,
    pauseId: manifest.pauseId,
    commit: made.commit,
    createdAt: Date.parse(manifest.createdAt),
    durationMs: made.durationMs,
    files: manifest.files,
    bytes: manifest.bytes,
    uncovered: manifest.uncovered.length,
    tokens: manifest.tokens,
    heldMs: manifest.heldMs ?? null,
    pinnedAt: null,
    deletedAt: null,
    reclaimedAt: null,
  };
}

/** Adds the row of a checkpoint that is there, and tells of it. */
export async function insertRow(
  ports: Pick<CheckpointPorts, 'store' | 'clock' | 'ids'>,
  row: CheckpointRow,
  fence?: Fence,
): Promise<void> {
  const { id, trigger, commit, files, bytes, uncovered, durationMs, heldMs } = row;
  await ports.store.write(
    async (tx) => {
      await tx.insert('checkpoints', row);
      await recordEvent(
        tx,
        { ...ports, actor: row.createdBy },
        {
          type: 'checkpoint-created',
          data: { checkpointId: id, trigger, commit, files, bytes, uncovered, durationMs, heldMs },
        },
      );
    },
    fence === undefined ? {} : { fence },
  );
}

function gitOf({ head, branch, operation, unkept = [] }: CapturedGit): NonNullable<Manifest['git']> {
  return { head, branch, operation, ...(unkept.length > 0 && { unkept }) };
}
