import type {
  CheckpointDraft,
  CodeDraft,
  PartDraft,
  WrittenCheckpoint,
  WrittenContent,
} from '../../checkpoint/checkpoint-store.ts';
import { encodeManifest, groupHashes, sha256, type Manifest } from '../../checkpoint/manifest.ts';
import { entriesOf, type CodeEntry, type ObjectId, type Run, type TreePath } from '../../checkpoint/tree.ts';
import { BaseCode, type Base, type WrittenRun } from './base-tree.ts';
import { codePrefix, gitMode } from './code-entries.ts';
import { CodeLines } from './code-lines.ts';
import { storedPath } from './entry-names.ts';
import { objectId } from './git-objects.ts';
import type { PackWriter } from './pack-writer.ts';
import type { ObjectFormat } from './store-place.ts';
import { enterPath, TreeDir } from './tree-dir.ts';
import { encodeModes } from './tree-modes.ts';

export interface Writing {
  readonly pack: PackWriter;
  readonly format: ObjectFormat;
  /** It becomes what is written; after a failure it is of no use any more. */
  readonly base: Base;
  /** Which of these objects the store has not. */
  readonly missing: (objects: readonly ObjectId[]) => Promise<readonly ObjectId[]>;
  /** The failure for a draft that names an object that is nowhere. */
  readonly corrupt: (problem: string) => Error;
}

/**
 * Packs of a draft what the base does not have already. The base makes the work small; what is written is the same
 * without it.
 */
export class CheckpointWriter {
  readonly #writing: Writing;
  readonly #written: WrittenRun[] = [];
  /** The path that was added last. */
  #last: TreePath | undefined;
  /** The base's code, from what lies behind what was added last. */
  readonly #before: BaseCode;
  #lines = CodeLines.none;
  #modes: readonly PartDraft[] = [];
  /** Whether all that is there is what was there before, with the same modes: only bytes may have changed. */
  #hasSameModes = true;
  readonly #objects = new Map<TreePath, ObjectId>();
  readonly #parts: { path: string; sha256: string }[] = [];
  readonly #partPaths = new Set<string>();
  /** The directory of the tree in which something was put last. */
  #entered: { readonly path: string; readonly dir: TreeDir } | undefined;

  constructor(writing: Writing) {
    this.#writing = writing;
    this.#before = new BaseCode(writing.base.code);
  }

  async write(draft: CheckpointDraft): Promise<WrittenCheckpoint> {
    for await (const batch of draft.code) {
      this.#writing.base.stored?.prefetch(readPaths(batch));
      for (const run of batch) if (!this.#passSame(run)) await this.#addRun(run);
    }
    this.#dropBefore(undefined);
    for await (const batch of draft.parts) for (const part of batch) await this.#addPart(part);
    const { modes } = this.#writing.base;
    this.#modes = this.#hasSameModes && modes !== undefined ? modes : encodeModes(entriesOf(this.#code));
    for (const part of this.#modes) await this.#addBlob(part);
    this.#lines = CodeLines.of(this.#code, this.#writing.base.lines);
    const manifest = draft.manifest(this.#content(this.#lines));
    await this.#addBlob({ path: 'manifest.json', bytes: encodeManifest(manifest) });
    this.#dropOldParts();
    return { commit: await this.#commit(manifest), objects: this.#objects };
  }

  /** What the next checkpoint may start from. */
  get next(): Base {
    const { tree } = this.#writing.base;
    const [code, lines, modes, parts] = [this.#written, this.#lines, this.#modes, this.#partPaths];
    return { tree, code, lines, modes, parts, stored: undefined };
  }

  get #code(): readonly Run<CodeEntry>[] {
    return this.#written.map(({ code }) => code);
  }

  /** Goes past a run that the base has at this very place: of 100,000 files mostly all of them are in such runs. */
  #passSame(run: Run<CodeDraft>): boolean {
    this.#follow(run[0]);
    this.#dropBefore(run[0]?.path);
    const same = this.#before.pass(run);
    if (same === undefined) return false;
    this.#written.push(same);
    this.#last = run.at(-1)?.path;
    return true;
  }

  async #addRun(run: Run<CodeDraft>): Promise<void> {
    const code: CodeEntry[] = [];
    for (const draft of run) {
      this.#follow(draft);
      this.#last = draft.path;
      const { next } = this.#before;
      if (next !== undefined && next === draft) {
        this.#before.skip();
        code.push(next);
        continue;
      }
      const { entry, adding } = this.#addCode(draft);
      if (adding !== undefined) await adding;
      code.push(entry);
    }
    this.#written.push(writtenRun(run, code));
  }

  #follow(draft: CodeDraft | undefined): void {
    if (draft === undefined) throw new Error('a run of a draft is empty');
    if (this.#last !== undefined && this.#last >= draft.path)
      throw new Error('the entries of a draft are not sorted');
  }

  /** `adding` is undefined, and no promise, for an entry that costs nothing. */
  #addCode(draft: CodeDraft): { readonly entry: CodeEntry; readonly adding?: Promise<void> | undefined } {
    this.#dropBefore(draft.path);
    const before = this.#before.next?.path === draft.path ? this.#before.next : undefined;
    if (before !== undefined) this.#before.skip();
    const { entry, bytes } = this.#entryOf(draft);
    if (before === undefined || !hasSameMode(before, entry)) this.#hasSameModes = false;
    if (before !== undefined && storedCodePath(before) !== storedCodePath(entry)) this.#drop(before);
    if (entry.kind === 'directory') return { entry };
    const isSameLink = before?.kind === 'link' && entry.kind === 'link' && before.object === entry.object;
    return { entry: isSameLink ? before : entry, adding: this.#putEntry(entry, bytes) };
  }

  #entryOf(draft: CodeDraft): { readonly entry: CodeEntry; readonly bytes?: Uint8Array } {
    if (draft.kind === 'directory') return { entry: draft };
    if (draft.kind === 'link') {
      const bytes = Buffer.from(draft.target, 'latin1');
      return { entry: { ...draft, object: objectId(this.#writing.format, 'blob', bytes) }, bytes };
    }
    // As it is, with what else is known of it: a copy of 100,000 of them would be 10 MB.
    if ('object' in draft) return { entry: draft };
    const { path, mode, bytes } = draft;
    const object = objectId(this.#writing.format, 'blob', bytes);
    this.#objects.set(path, object);
    return { entry: { kind: 'file', path, mode, object, size: bytes.length }, bytes };
  }

  #putEntry(entry: Exclude<CodeEntry, { kind: 'directory' }>, bytes?: Uint8Array): Promise<void> | undefined {
    const path = storedCodePath(entry) ?? '';
    const isNew = this.#put(path, { mode: gitMode(entry), object: entry.object });
    return isNew && bytes !== undefined ? this.#pack(path, entry.object, bytes) : undefined;
  }

  /** False when it is there already. The directory stays at hand: what comes next is mostly in it, too. */
  #put(path: string, blob: { readonly mode: string; readonly object: ObjectId }): boolean {
    const slash = path.lastIndexOf('/');
    const above = path.slice(0, Math.max(0, slash));
    if (this.#entered?.path !== above) {
      const { tree } = this.#writing.base;
      this.#entered = { path: above, dir: above === '' ? tree : enterPath(tree, above) };
    }
    const name = path.slice(slash + 1);
    const { dir } = this.#entered;
    const found = dir.items.get(name);
    if (
      found !== undefined &&
      'object' in found &&
      found.object === blob.object &&
      found.mode === blob.mode
    ) {
      return false;
    }
    dir.put(name, blob);
    return true;
  }

  /** Takes away the base's entries before this path, or all that are left: the draft does not have them. */
  #dropBefore(path: TreePath | undefined): void {
    for (
      let before = this.#before.takeBefore(path);
      before !== undefined;
      before = this.#before.takeBefore(path)
    ) {
      this.#drop(before);
    }
  }

  #drop(entry: CodeEntry): void {
    this.#hasSameModes = false;
    const path = storedCodePath(entry);
    if (path !== undefined) this.#remove(path);
  }

  #remove(path: string): void {
    this.#writing.base.tree.remove(path.split('/'));
    // It may be gone, as empty.
    this.#entered = undefined;
  }

  async #addPart(part: PartDraft): Promise<void> {
    const { object, sha256: hash } = hashesOf(part, this.#writing.format);
    this.#parts.push({ path: part.path, sha256: hash });
    await this.#addBlob(part, object);
  }

  async #addBlob({ path, bytes }: PartDraft, known?: ObjectId): Promise<void> {
    if (this.#partPaths.has(path)) throw new Error(`a checkpoint has two entries at ${path}`);
    this.#partPaths.add(path);
    const object = known ?? objectId(this.#writing.format, 'blob', bytes);
    if (this.#put(path, { mode: '100644', object })) await this.#pack(path, object, bytes);
  }

  /** Leaves out what the last checkpoint of another process has at this very path. */
  async #pack(path: string, object: ObjectId, bytes: Uint8Array): Promise<void> {
    const { base, pack } = this.#writing;
    if (base.stored !== undefined && (await base.stored.find(path.split('/'))) === object) return;
    await pack.add('blob', object, bytes);
  }

  #dropOldParts(): void {
    for (const path of this.#writing.base.parts) if (!this.#partPaths.has(path)) this.#remove(path);
  }

  #content(code: CodeLines): WrittenContent {
    const { files, bytes } = code;
    return { files, bytes, sha256: { code: code.sha256(), ...groupHashes(this.#parts) } };
  }

  async #commit(manifest: Manifest): Promise<ObjectId> {
    const { base, format, pack } = this.#writing;
    await base.stored?.mark(base.tree);
    const unknown = new Set<ObjectId>();
    await this.#packTrees(base.tree, unknown);
    const [missing] = await this.#writing.missing([...unknown]);
    if (missing !== undefined) throw this.#writing.corrupt(`object ${missing} is missing`);
    const at = Math.floor(Date.parse(manifest.createdAt) / 1000);
    const who = `codeframe <codeframe@localhost> ${at} +0000`;
    const message = (manifest.name ?? manifest.reason ?? manifest.trigger).replaceAll('\0', ' ');
    const head = `tree ${base.tree.id(format)}\nauthor ${who}\ncommitter ${who}\n`;
    return pack.addNew('commit', Buffer.from(`${head}\n${message}`, 'utf8'));
  }

  /** Packs the directories that changed; gathers the blobs that are neither packed nor known to be stored. */
  async #packTrees(dir: TreeDir, unknown: Set<ObjectId>): Promise<void> {
    const { format, pack } = this.#writing;
    const id = dir.id(format);
    if (dir.storedId === id) return;
    for (const item of dir.items.values()) {
      if (item instanceof TreeDir) await this.#packTrees(item, unknown);
      else if (!item.isStored && !pack.has(item.object)) unknown.add(item.object);
    }
    await pack.add('tree', id, dir.bytes(format));
  }
}

/** Files' bytes are not kept: the next draft knows them by their objects, and is another run. */
function writtenRun(draft: Run<CodeDraft>, code: Run<CodeEntry>): WrittenRun {
  if (draft.some((one) => 'bytes' in one)) return { draft: code, code };
  const isSame = code.every((entry, i) => entry === draft[i]);
  return { draft, code: isSame ? (draft as Run<CodeEntry>) : code };
}

/** Where those are in a checkpoint that had to be read. */
function readPaths(batch: readonly Run<CodeDraft>[]): readonly string[] {
  return entriesOf(batch).flatMap((draft) =>
    'bytes' in draft ? codePrefix + storedPath(draft.path, false) : [],
  );
}

function hasSameMode(a: CodeEntry, b: CodeEntry): boolean {
  if (a.kind === 'link' || b.kind === 'link') return a.kind === b.kind;
  return a.kind === b.kind && a.mode === b.mode;
}

interface PartHashes {
  readonly format: ObjectFormat;
  readonly object: ObjectId;
  readonly sha256: string;
}

/** Of parts that are given again as they were, the user's index among them. */
const partHashes = new WeakMap<PartDraft, PartHashes>();

function hashesOf(part: PartDraft, format: ObjectFormat): PartHashes {
  const known = partHashes.get(part);
  if (known?.format === format) return known;
  const { bytes } = part;
  const made = { format, object: objectId(format, 'blob', bytes), sha256: sha256(bytes) };
  partHashes.set(part, made);
  return made;
}

/** Where it is in a checkpoint; undefined for a directory, which a git tree does not hold by itself. */
function storedCodePath(entry: CodeEntry): string | undefined {
  return entry.kind === 'directory' ? undefined : codePrefix + storedPath(entry.path, entry.kind === 'link');
}
