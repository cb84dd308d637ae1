import type {
  CheckpointDraft,
  CodeDraft,
  PartDraft,
  WrittenCheckpoint,
  WrittenContent,
} from '../../checkpoint/checkpoint-store.ts';
import { codeList, encodeManifest, groupHashes, sha256, type Manifest } from '../../checkpoint/manifest.ts';
import type { CodeEntry, ObjectId, TreePath } from '../../checkpoint/tree.ts';
import { codePrefix, gitMode } from './code-entries.ts';
import { storedPath } from './entry-names.ts';
import type { FastImport } from './fast-import.ts';
import { objectId } from './git-objects.ts';
import type { ObjectFormat } from './store-place.ts';
import { encodeModes } from './tree-modes.ts';

/** What a commit's tree holds: `MODE OBJECT` by stored path. */
export interface BaseTree {
  readonly tree: ObjectId | undefined;
  readonly blobs: ReadonlyMap<string, string>;
}

export const noBase: BaseTree = { tree: undefined, blobs: new Map() };

/**
 * Hands a draft to git: only what the base tree does not have already. The base makes the work small; what is written
 * is the same without it.
 */
export class CheckpointWriter {
  readonly #git: FastImport;
  readonly #format: ObjectFormat;
  readonly #base: BaseTree;
  readonly #blobs = new Map<string, string>();
  readonly #changed: { path: string; mode: string; object: ObjectId }[] = [];
  readonly #entries: CodeEntry[] = [];
  readonly #objects = new Map<TreePath, ObjectId>();
  readonly #parts: { path: string; sha256: string }[] = [];

  constructor(git: FastImport, format: ObjectFormat, base: BaseTree) {
    this.#git = git;
    this.#format = format;
    this.#base = base;
  }

  /** Answers what there is but the commit's tree, which only git knows. */
  async write(
    draft: CheckpointDraft,
  ): Promise<WrittenCheckpoint & { readonly blobs: ReadonlyMap<string, string> }> {
    for await (const batch of draft.code) {
      for (const entry of batch) {
        const adding = this.#addCode(entry);
        if (adding !== undefined) await adding;
      }
    }
    for await (const batch of draft.parts) for (const part of batch) await this.#addPart(part);
    for (const part of encodeModes(this.#entries)) await this.#addBlob(part.path, '100644', part.bytes);
    const manifest = draft.manifest(this.#content());
    await this.#addBlob('manifest.json', '100644', encodeManifest(manifest));
    const commit = await this.#commit(draft.id, manifest);
    return { commit, objects: this.#objects, blobs: this.#blobs };
  }

  /** Undefined, and no promise, for an entry that costs nothing: of most of them that is all. */
  #addCode(draft: CodeDraft): Promise<void> | undefined {
    const before = this.#entries.at(-1);
    if (before !== undefined && before.path >= draft.path)
      throw new Error('the entries of a draft are not sorted');
    if (draft.kind === 'directory') {
      this.#entries.push(draft);
      return undefined;
    }
    const path = codePrefix + storedPath(draft.path, draft.kind === 'link');
    if (draft.kind === 'link') {
      const bytes = Buffer.from(draft.target, 'latin1');
      const object = objectId(this.#format, 'blob', bytes);
      this.#entries.push({ ...draft, object });
      return this.#place(path, `120000 ${object}`) ? this.#git.blob(bytes) : undefined;
    }
    const bytes = 'bytes' in draft.content ? draft.content.bytes : undefined;
    const object =
      'object' in draft.content ? draft.content.object : objectId(this.#format, 'blob', draft.content.bytes);
    const size = 'object' in draft.content ? draft.content.size : draft.content.bytes.length;
    const entry = { kind: 'file', path: draft.path, mode: draft.mode, object, size } as const;
    this.#entries.push(entry);
    if (bytes !== undefined) this.#objects.set(draft.path, object);
    const isNew = this.#place(path, `${gitMode(entry)} ${object}`);
    return isNew && bytes !== undefined ? this.#git.blob(bytes) : undefined;
  }

  async #addPart(part: PartDraft): Promise<void> {
    this.#parts.push({ path: part.path, sha256: sha256(part.bytes) });
    await this.#addBlob(part.path, '100644', part.bytes);
  }

  async #addBlob(path: string, mode: string, bytes: Uint8Array): Promise<void> {
    if (this.#place(path, `${mode} ${objectId(this.#format, 'blob', bytes)}`)) await this.#git.blob(bytes);
  }

  /** Puts an object at a path of the tree; false when the base has it there. */
  #place(path: string, blob: string): boolean {
    this.#blobs.set(path, blob);
    if (this.#base.blobs.get(path) === blob) return false;
    const space = blob.indexOf(' ');
    this.#changed.push({ path, mode: blob.slice(0, space), object: blob.slice(space + 1) });
    return true;
  }

  #content(): WrittenContent {
    let files = 0;
    let bytes = 0;
    for (const entry of this.#entries) {
      if (entry.kind === 'directory') continue;
      files += 1;
      bytes += entry.kind === 'file' ? entry.size : entry.target.length;
    }
    return { files, bytes, sha256: { code: sha256(codeList(this.#entries)), ...groupHashes(this.#parts) } };
  }

  #commit(id: string, manifest: Manifest): Promise<ObjectId> {
    return this.#git.commit({
      branch: `refs/incoming/${id}`,
      at: Math.floor(Date.parse(manifest.createdAt) / 1000),
      message: manifest.name ?? manifest.reason ?? manifest.trigger,
      base: this.#base.tree,
      deleted: this.#deleted(),
      changed: this.#changed,
    });
  }

  #deleted(): string[] {
    return [...this.#base.blobs.keys()].filter((path) => !this.#blobs.has(path));
  }
}
