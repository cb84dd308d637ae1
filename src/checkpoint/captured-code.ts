import type { CodeDraft } from './checkpoint-store.ts';
import type { ObjectId, Run, ScannedEntry, StatSignature, TreePath, Uncovered } from './tree.ts';
import type { KnownObject, ScanOptions, WorkTree } from './work-tree.ts';

/** So many runs are handed over at a time, or fewer when this many bytes have been read for them. */
const batchRuns = 512;
const batchBytes = 8 * 1024 * 1024;

/** The working tree on its way into a checkpoint: scanned, and read where the scan does not know the bytes. */
export class CapturedCode {
  readonly #tree: WorkTree;
  readonly #options: ScanOptions;
  readonly #stats = new Map<TreePath, StatSignature>();
  #uncovered: readonly Uncovered[] = [];
  #believed = 0;
  readonly #unread: Uncovered[] = [];

  constructor(tree: WorkTree, options: ScanOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  /** What a checkpoint holds, sorted by path. To be gone through once. */
  async *batches(scanned: () => void): AsyncGenerator<readonly Run<CodeDraft>[]> {
    const scan = await this.#tree.scan(this.#options);
    this.#uncovered = scan.uncovered;
    this.#believed = scan.believed ?? 0;
    scanned();
    const batch = new Batch();
    for (const run of scan.runs) {
      if (isKnown(run)) batch.push(run, 0);
      else yield* this.#readInto(batch, run);
      if (batch.isFull) yield batch.take();
    }
    yield batch.take();
  }

  async *#readInto(batch: Batch, run: Run<ScannedEntry>): AsyncGenerator<readonly Run<CodeDraft>[]> {
    let drafts: CodeDraft[] = [];
    let bytes = 0;
    for (const entry of run) {
      const draft = isDraft(entry) ? entry : await this.#read(entry.path);
      if (draft === undefined) continue;
      drafts.push(draft);
      if ('bytes' in draft) bytes += draft.bytes.length;
      if (bytes < batchBytes) continue;
      batch.push(drafts, bytes);
      yield batch.take();
      drafts = [];
      bytes = 0;
    }
    if (drafts.length > 0) batch.push(drafts, bytes);
  }

  /** What is not covered, sorted by path. Complete when all batches were taken. */
  uncovered(): readonly Uncovered[] {
    return [...this.#uncovered, ...this.#unread].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** How many directories were not looked at, as the change feed had nothing to tell of them. */
  get believed(): number {
    return this.#believed;
  }

  /** New files that were not searched for secrets. Complete when all batches were taken. */
  unsearched(): readonly TreePath[] {
    return this.#tree.unsearched?.() ?? [];
  }

  /** The objects of the files that were read, for the next scan. */
  known(objects: ReadonlyMap<TreePath, ObjectId>): ReadonlyMap<TreePath, KnownObject> {
    const known = new Map<TreePath, KnownObject>();
    for (const [path, object] of objects) {
      const stat = this.#stats.get(path);
      if (stat !== undefined) known.set(path, { object, stat });
    }
    return known;
  }

  /** Undefined for a file that is gone, or that is listed as not covered now. */
  async #read(path: TreePath): Promise<CodeDraft | undefined> {
    const read = await this.#tree.read(path);
    if (read.ok) {
      this.#stats.set(path, read.stat);
      return { kind: 'file', path, mode: read.mode, bytes: read.bytes };
    }
    if (read.reason !== 'gone') this.#unread.push({ path, reason: read.reason, directory: false });
    return undefined;
  }
}

/** Many runs at a time: a store asks at once for all that it has in the place of what was read. */
class Batch {
  #runs: Run<CodeDraft>[] = [];
  #bytes = 0;

  push(run: Run<CodeDraft>, bytes: number): void {
    this.#runs.push(run);
    this.#bytes += bytes;
  }

  get isFull(): boolean {
    return this.#runs.length >= batchRuns || this.#bytes >= batchBytes;
  }

  take(): readonly Run<CodeDraft>[] {
    const taken = this.#runs;
    this.#runs = [];
    this.#bytes = 0;
    return taken;
  }
}

type FileEntry = Extract<ScannedEntry, { kind: 'file' }>;
type KnownEntry = Exclude<ScannedEntry, FileEntry> | (FileEntry & { readonly object: ObjectId });

/** Runs of which the store has all bytes. */
const known = new WeakSet<Run<ScannedEntry>>();

function isKnown(run: Run<ScannedEntry>): run is Run<KnownEntry> {
  if (known.has(run)) return true;
  if (!run.every(isDraft)) return false;
  known.add(run);
  return true;
}

/**
 * A file of which the store has the bytes already is a draft as it is. Scans give the same entry again for one that did
 * not change, and stores compare drafts by identity first.
 */
function isDraft(entry: ScannedEntry): entry is KnownEntry {
  return entry.kind !== 'file' || entry.object !== undefined;
}
