import type {
  CheckpointDraft,
  CodeDraft,
  PartDraft,
  WrittenCheckpoint,
  WrittenContent,
} from '../../checkpoint/checkpoint-store.ts';
import { codeList, encodeManifest, groupHashes, sha256, type Manifest } from '../../checkpoint/manifest.ts';
import type { CodeEntry, ObjectId, TreePath } from '../../checkpoint/tree.ts';
import type { BaseTree } from './base-tree.ts';
import { codePrefix, gitMode } from './code-entries.ts';
import { storedPath } from './entry-names.ts';
import type { FastImport } from './fast-import.ts';
import { objectId } from './git-objects.ts';
import type { ObjectFormat } from './store-place.ts';
import { encodeModes } from './tree-modes.ts';

/**
 * Hands a draft to git: only what the base tree does not have already. The base makes the work small; what is written
 * is the same without it.
 */
export class CheckpointWriter {
  readonly #git: FastImport;
  readonly #format: ObjectFormat;
  readonly #base: BaseTree;
  readonly #changed: { path: string; mode: string; object: ObjectId }[] = [];
  readonly #deleted: string[] = [];
  readonly #entries: CodeEntry[] = [];
  readonly #objects = new Map<TreePath, ObjectId>();
  readonly #parts: { path: string; sha256: string }[] = [];

  /** The base becomes what was written; after a failure it is of no use any more. */
  constructor(git: FastImport, format: ObjectFormat, base: BaseTree) {
    this.#git = git;
    this.#format = format;
    this.#base = base;
  }

  async write(draft: CheckpointDraft): Promise<WrittenCheckpoint> {
    for await (const batch of draft.code) {
      for (const entry of batch) {
        const adding = this.#addCode(entry);
        if (adding !== undefined) await adding;
      }
    }
    for await (const batch of draft.parts) for (const part of batch) await this.#addPart(part);
    for (const part of encodeModes(this.#entries)) await this.#addBlob(part);
    const manifest = draft.manifest(this.#content());
    await this.#addBlob({ path: 'manifest.json', bytes: encodeManifest(manifest) });
    return { commit: await this.#commit(draft.id, manifest), objects: this.#objects };
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
    if (draft.kind === 'link') {
      const bytes = Buffer.from(draft.target, 'latin1');
      const entry = { ...draft, object: objectId(this.#format, 'blob', bytes) };
      return this.#addEntry(entry, bytes);
    }
    const { path, mode, content } = draft;
    if ('object' in content) return this.#addEntry({ kind: 'file', path, mode, ...content });
    const { bytes } = content;
    const object = objectId(this.#format, 'blob', bytes);
    this.#objects.set(path, object);
    return this.#addEntry({ kind: 'file', path, mode, object, size: bytes.length }, bytes);
  }

  #addEntry(entry: Exclude<CodeEntry, { kind: 'directory' }>, bytes?: Uint8Array): Promise<void> | undefined {
    this.#entries.push(entry);
    const mode = gitMode(entry);
    const { isNew, before } = this.#base.code.put(entry.path, mode, entry.object);
    if (!isNew) return undefined;
    const path = storedCodePath(entry.path, mode);
    // A link and a file of one name may be stored under two.
    if (before !== undefined && storedCodePath(entry.path, before) !== path) {
      this.#deleted.push(storedCodePath(entry.path, before));
    }
    this.#changed.push({ path, mode, object: entry.object });
    return bytes === undefined ? undefined : this.#git.blob(bytes);
  }

  async #addPart(part: PartDraft): Promise<void> {
    this.#parts.push({ path: part.path, sha256: sha256(part.bytes) });
    await this.#addBlob(part);
  }

  async #addBlob({ path, bytes }: PartDraft): Promise<void> {
    const mode = '100644';
    const object = objectId(this.#format, 'blob', bytes);
    if (!this.#base.parts.put(path, mode, object).isNew) return;
    this.#changed.push({ path, mode, object });
    await this.#git.blob(bytes);
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
      deleted: [...this.#deleted, ...this.#unseen()],
      changed: this.#changed,
    });
  }

  #unseen(): string[] {
    const code = this.#base.code.takeUnseen();
    return [
      ...code.map(({ path, mode }) => storedCodePath(path, mode)),
      ...this.#base.parts.takeUnseen().map(({ path }) => path),
    ];
  }
}

function storedCodePath(path: TreePath, mode: string): string {
  return codePrefix + storedPath(path, mode === '120000');
}
