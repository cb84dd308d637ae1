import { createHash } from 'node:crypto';
import type {
  CheckpointDraft,
  CheckpointStore,
  CodeDraft,
  PartDraft,
  StoredCheckpoint,
  WrittenCheckpoint,
} from '../../checkpoint/checkpoint-store.ts';
import type { CheckpointSize, CheckpointSpace } from '../../checkpoint/checkpoint-space.ts';
import { codeList, encodeManifest, groupHashes, parseManifest, sha256 } from '../../checkpoint/manifest.ts';
import { entriesOf, type CodeEntry, type ObjectId, type TreePath } from '../../checkpoint/tree.ts';
import { CodeframeError } from '../../failure.ts';
import { nearest } from '../../ids.ts';

/** Checkpoints that are gone with the process: for tests of what uses them. */
export function openMemoryCheckpoints(): CheckpointStore & CheckpointSpace {
  const objects = new Map<ObjectId, Uint8Array>();
  const kept = new Map<string, Kept>();

  const open = async (id: string): Promise<StoredCheckpoint> => {
    const found = kept.get(id);
    if (found !== undefined) return stored(id, found, objects);
    const near = nearest(id, [...kept.keys()]);
    throw new CodeframeError({ code: 'unknown-id', kind: 'checkpoint', id, near });
  };
  return {
    async create(draft) {
      if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(draft.id)) {
        throw new CodeframeError({
          code: 'invalid-argument',
          argument: 'id',
          problem: 'it is no id of a checkpoint',
        });
      }
      draft.begun?.();
      const made = await make(draft, objects);
      if (kept.has(draft.id))
        throw new CodeframeError({ code: 'already-exists', kind: 'checkpoint', id: draft.id });
      for (const [object, bytes] of made.objects) objects.set(object, bytes);
      kept.set(draft.id, made.kept);
      return made.written;
    },
    open,
    ids: async () => [...kept.keys()],
    async verify(id) {
      const { manifest } = await open(id);
      return { objects: manifest.files, bytes: manifest.bytes };
    },
    check: async () => undefined,
    async remove(ids) {
      for (const id of ids) kept.delete(id);
    },
    async reclaim() {
      const bytesBefore = bytesOf(objects);
      const needed = new Set([...kept.values()].flatMap(objectsOf));
      for (const object of objects.keys()) if (!needed.has(object)) objects.delete(object);
      return { bytesBefore, bytesAfter: bytesOf(objects) };
    },
    sizes: async (ids) => sizesOf(ids, kept, objects),
    diskBytes: async () => bytesOf(objects),
    cut: async () => [],
    close: async () => undefined,
  };
}

function bytesOf(objects: ReadonlyMap<ObjectId, Uint8Array>): number {
  return [...objects.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}

function objectsOf({ code }: Kept): ObjectId[] {
  return code.flatMap((entry) => (entry.kind === 'directory' ? [] : [entry.object]));
}

function sizesOf(
  ids: readonly string[],
  kept: ReadonlyMap<string, Kept>,
  objects: ReadonlyMap<ObjectId, Uint8Array>,
): readonly CheckpointSize[] {
  const own = ids.map((id) => {
    const found = kept.get(id);
    return new Set(found === undefined ? [] : objectsOf(found));
  });
  const sum = (wanted: readonly ObjectId[]): number =>
    wanted.reduce((all, object) => all + (objects.get(object)?.length ?? 0), 0);
  return ids.map((id, i) => {
    const mine = [...(own[i] ?? [])];
    const before = (object: ObjectId): boolean => own.slice(0, i).some((set) => set.has(object));
    const elsewhere = (object: ObjectId): boolean => own.some((set, j) => j !== i && set.has(object));
    return {
      id,
      addedBytes: sum(mine.filter((object) => !before(object))),
      uniqueBytes: sum(mine.filter((object) => !elsewhere(object))),
    };
  });
}

interface Kept {
  readonly commit: string;
  readonly code: readonly CodeEntry[];
  readonly parts: ReadonlyMap<string, Uint8Array>;
  readonly manifest: Uint8Array;
}

async function make(
  draft: CheckpointDraft,
  known: ReadonlyMap<ObjectId, Uint8Array>,
): Promise<{
  readonly kept: Kept;
  readonly written: WrittenCheckpoint;
  readonly objects: Map<ObjectId, Uint8Array>;
}> {
  const objects = new Map<ObjectId, Uint8Array>();
  const given = new Map<TreePath, ObjectId>();
  const keep = (bytes: Uint8Array): ObjectId => {
    const object = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    objects.set(object, Buffer.from(bytes));
    return object;
  };
  const entries: CodeEntry[] = [];
  for await (const runs of draft.code) {
    for (const entry of entriesOf(runs)) {
      const before = entries.at(-1);
      if (before !== undefined && before.path >= entry.path)
        throw new Error('the entries of a draft are not sorted');
      const made = entryOf(entry, keep);
      if (made.kind === 'file' && !objects.has(made.object) && !known.has(made.object))
        throw lacking(made.object);
      if ('bytes' in entry && made.kind === 'file') given.set(made.path, made.object);
      entries.push(made);
    }
  }
  const parts: PartDraft[] = [];
  for await (const batch of draft.parts) parts.push(...batch);
  const code = withEmptiness(entries);
  const manifest = encodeManifest(draft.manifest(contentOf(code, parts)));
  const commit = createHash('sha1').update(manifest).digest('hex');
  const kept = {
    commit,
    code,
    parts: new Map(parts.map((part) => [part.path, Buffer.from(part.bytes)])),
    manifest,
  };
  return { kept, written: { commit, objects: given }, objects };
}

function entryOf(draft: CodeDraft, keep: (bytes: Uint8Array) => ObjectId): CodeEntry {
  switch (draft.kind) {
    case 'directory':
      return draft;
    case 'link':
      return { ...draft, object: keep(Buffer.from(draft.target, 'latin1')) };
    case 'file': {
      const { kind, path, mode } = draft;
      if ('object' in draft) return { kind, path, mode, object: draft.object, size: draft.size };
      return { kind, path, mode, object: keep(draft.bytes), size: draft.bytes.length };
    }
  }
}

function lacking(object: ObjectId): CodeframeError {
  return new CodeframeError({
    code: 'corrupt-store',
    path: 'memory',
    problem: `object ${object} is missing`,
  });
}

function withEmptiness(entries: readonly CodeEntry[]): CodeEntry[] {
  const full = new Set(entries.map((entry) => entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')))));
  const known = entries.map((entry) =>
    entry.kind === 'directory' ? { ...entry, empty: !full.has(entry.path) } : entry,
  );
  return known.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function contentOf(code: readonly CodeEntry[], parts: readonly PartDraft[]) {
  const files = code.filter((entry) => entry.kind !== 'directory');
  const sizes = files.map((entry) => (entry.kind === 'file' ? entry.size : entry.target.length));
  const hashes = groupHashes(parts.map((part) => ({ path: part.path, sha256: sha256(part.bytes) })));
  return {
    files: files.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    sha256: { code: sha256(codeList(code)), ...hashes },
  };
}

function stored(id: string, kept: Kept, objects: ReadonlyMap<ObjectId, Uint8Array>): StoredCheckpoint {
  const missing = (part: string): CodeframeError =>
    new CodeframeError({ code: 'corrupt-checkpoint', id, part, problem: 'it is missing' });
  return {
    id,
    commit: kept.commit,
    manifest: parseManifest(id, kept.manifest),
    code: async () => kept.code,
    async codeAt(paths) {
      const wanted = new Set(paths);
      return kept.code.filter(({ path }) => wanted.has(path));
    },
    partPaths: async (prefix) => [...kept.parts.keys()].filter((path) => path.startsWith(prefix)).toSorted(),
    async part(path) {
      const bytes = kept.parts.get(path);
      if (bytes === undefined) throw missing(path);
      return bytes;
    },
    async *objects(ids) {
      for (const object of ids) {
        const bytes = objects.get(object);
        if (bytes === undefined) throw missing(`object ${object}`);
        yield { object, bytes };
      }
    },
  };
}
