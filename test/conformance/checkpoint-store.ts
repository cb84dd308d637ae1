import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  CheckpointDraft,
  CheckpointStore,
  CodeDraft,
  PartDraft,
  StoredCheckpoint,
} from '../../src/checkpoint/checkpoint-store.ts';
import type { Manifest } from '../../src/checkpoint/manifest.ts';
import type { CodeEntry, Run } from '../../src/checkpoint/tree.ts';

/** What makes the checkpoint stores of one adapter. */
export interface CheckpointStoreMaker {
  readonly name: string;
  create(): Promise<CheckpointStoreUnderTest>;
}

export interface CheckpointStoreUnderTest {
  readonly store: CheckpointStore;
  /** Closes its stores and removes what they keep. */
  destroy(): Promise<void>;
}

export function manifestOf(id: string, change: Partial<Manifest> = {}): Manifest {
  return {
    format: 'codeframe-checkpoint',
    version: 1,
    id,
    projectId: 'p1',
    projectName: 'test',
    name: null,
    trigger: 'manual',
    reason: null,
    createdBy: 'test',
    createdAt: '2026-01-02T03:04:05.000Z',
    parentId: null,
    pauseId: null,
    restoreId: null,
    program: '0',
    schema: 1,
    counts: {},
    files: 0,
    bytes: 0,
    tokens: 0,
    costUsd: 0,
    git: null,
    uncovered: [],
    sha256: {},
    ...change,
  };
}

export function draftOf(
  id: string,
  code: readonly CodeDraft[],
  parts: readonly PartDraft[] = [],
): CheckpointDraft {
  return {
    id,
    code: batch(runsOf(code)),
    parts: batch(parts),
    manifest: (written) => manifestOf(id, written),
  };
}

const runs = new WeakMap<CodeDraft, Run<CodeDraft>>();

/** Short ones, the very same array again where the very same drafts follow each other, as a scan gives them. */
export function runsOf(code: readonly CodeDraft[]): readonly Run<CodeDraft>[] {
  const all: Run<CodeDraft>[] = [];
  for (let rest = code; rest.length > 0; rest = rest.slice(all.at(-1)?.length)) {
    const [first] = rest as [CodeDraft];
    const known = runs.get(first);
    const isSame = known?.every((draft, i) => draft === rest[i]) === true;
    const run = isSame ? known : rest.slice(0, 1 + (first.path.length % 4));
    runs.set(first, run);
    all.push(run);
  }
  return all;
}

async function* batch<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  yield all;
}

export function file(path: string, text: string, mode = 0o644): CodeDraft {
  return { kind: 'file', path, mode, bytes: Buffer.from(text, 'latin1') };
}

export function directory(path: string, mode = 0o755): CodeDraft {
  return { kind: 'directory', path, mode, empty: false };
}

const link = (path: string, target: string): CodeDraft => ({ kind: 'link', path, target });
const part = (path: string, text: string): PartDraft => ({ path, bytes: Buffer.from(text) });

/** What every adapter of the `CheckpointStore` port promises. */
export function describeCheckpointStore(maker: CheckpointStoreMaker): void {
  describe(`checkpoint store: ${maker.name}`, () => {
    let made: CheckpointStoreUnderTest;
    let store: CheckpointStore;
    beforeEach(async () => {
      made = await maker.create();
      store = made.store;
    });
    afterEach(() => made.destroy());

    /** The tree as the store gives it back, with the bytes of its files. */
    const contents = async (id: string) => {
      const stored = await store.open(id);
      const code = await stored.code();
      const objects = code.flatMap((entry) => (entry.kind === 'directory' ? [] : [entry.object]));
      const bytes = new Map<string, string>();
      for await (const one of stored.objects([...new Set(objects)])) {
        bytes.set(one.object, Buffer.from(one.bytes).toString('latin1'));
      }
      return code.map((entry) => describeEntry(entry, bytes));
    };

    it('gives back files, links, modes and directories, sorted by path', async () => {
      await store.create(
        draftOf('c1', [
          file('a', 'A'),
          file('a-b', ''),
          directory('b', 0o700),
          file('b/run', '#!', 0o4755),
          file('b/secret', 'x', 0o600),
          directory('empty'),
          directory('full'),
          directory('full/empty', 0o1777),
          link('l', '../out side/\xff'),
        ]),
      );
      expect(await contents('c1')).toEqual([
        ['a', 'file', 0o644, 'A'],
        ['a-b', 'file', 0o644, ''],
        ['b', 'directory', 0o700, false],
        ['b/run', 'file', 0o4755, '#!'],
        ['b/secret', 'file', 0o600, 'x'],
        ['empty', 'directory', 0o755, true],
        ['full', 'directory', 0o755, false],
        ['full/empty', 'directory', 0o1777, true],
        ['l', 'link', '../out side/\xff', '../out side/\xff'],
      ]);
      await store.verify('c1');
    });

    it('gives back names of any bytes', async () => {
      const names = [
        '\n',
        '\t',
        '"q"',
        ' lead',
        'trail ',
        '-dash',
        '\\',
        '*.c',
        ':(top)x',
        '\xff\xfe',
        '\xc3\xa9',
        'x'.repeat(255),
      ];
      const refused = ['.GIT', 'git~1', '.git.', '.g\xe2\x80\x8cit', '.gitmodules', '.codeframe-name-41'];
      const sorted = [...names, ...refused].toSorted();
      await store.create(
        draftOf(
          'c1',
          [directory('x'), link('x/.gitmodules', 'x'), ...sorted.map((name) => file(name, name))].toSorted(
            byPath,
          ),
        ),
      );
      const found = await contents('c1');
      expect(found.filter(([, kind]) => kind === 'file').map(([path, , , text]) => [path, text])).toEqual(
        sorted.map((name) => [name, name]),
      );
      expect(found.filter(([, kind]) => kind === 'link')).toEqual([['x/.gitmodules', 'link', 'x', 'x']]);
      await store.verify('c1');
    });

    it('refuses a draft that is not sorted: its list would not be found again', async () => {
      await expect(store.create(draftOf('c1', [file('b', ''), file('a', '')]))).rejects.toThrow('sorted');
      await expect(store.create(draftOf('c1', [file('b', ''), file('b', '')]))).rejects.toThrow('sorted');
    });

    it('takes files by the object that an earlier checkpoint gave them', async () => {
      const { objects } = await store.create(draftOf('c1', [file('a', 'AAA'), file('b', 'B')]));
      const object = objects.get('a') ?? '';
      expect(object).toMatch(/^[0-9a-f]{40,64}$/);
      await store.create(
        draftOf('c2', [{ kind: 'file', path: 'moved', mode: 0o600, object, size: 3 }, file('new', 'N')]),
      );
      expect(await contents('c2')).toEqual([
        ['moved', 'file', 0o600, 'AAA'],
        ['new', 'file', 0o644, 'N'],
      ]);
      expect(await contents('c1')).toEqual([
        ['a', 'file', 0o644, 'AAA'],
        ['b', 'file', 0o644, 'B'],
      ]);
    });

    it('refuses an object that it does not have, and makes no checkpoint', async () => {
      await store.create(draftOf('c1', [file('a', 'A')]));
      const lost = {
        kind: 'file',
        path: 'x',
        mode: 0o644,
        object: 'ab'.repeat(20),
        size: 3,
      } as const;
      await expect(store.create(draftOf('c2', [lost]))).rejects.toMatchObject({
        failure: { code: 'corrupt-store' },
      });
      expect(await store.ids()).toEqual(['c1']);
    });

    it('keeps odd modes from one to the next, whatever else changes', async () => {
      const trees: readonly (readonly CodeDraft[])[] = [
        [directory('d', 0o700), file('d/a', '1', 0o600), file('d/b', '1', 0o755)],
        [directory('d', 0o700), file('d/a', '2', 0o600), file('d/b', '1', 0o755)],
        [directory('d', 0o750), file('d/a', '2', 0o600), file('d/b', '1', 0o755)],
        [directory('d', 0o750), file('d/a', '3', 0o640), file('d/b', '1', 0o755)],
        [directory('d', 0o750), file('d/a', '4', 0o640)],
        [directory('d', 0o750), file('d/a', '5', 0o640)],
        [directory('d', 0o750), file('d/a', '5', 0o640), file('d/c', '1', 0o600)],
      ];
      for (const [i, code] of trees.entries()) await store.create(draftOf(`c${i}`, code));
      for (const [i, code] of trees.entries()) {
        await store.verify(`c${i}`);
        expect(await contents(`c${i}`)).toEqual(code.map((draft) => describeDraft(draft, code)));
      }
    });

    it('takes over the runs that are given again, whatever comes and goes between them', async () => {
      let ids = 0;
      await fc.assert(
        fc.asyncProperty(randomHistory, async (history) => {
          const known = new Map<string, CodeDraft>();
          const versions = new Map<number, number>();
          for (const changes of [everyPlace, ...history]) {
            for (const [at, version] of changes) versions.set(at, version);
            const wanted = draftsAt(versions);
            const described = wanted.map((draft) => describeDraft(draft, wanted));
            const keys = described.map((one) => JSON.stringify(one));
            const id = `c${++ids}`;
            await store.create(
              draftOf(
                id,
                wanted.map((draft, i) => known.get(keys[i] ?? '') ?? draft),
              ),
            );
            expect(await contents(id)).toEqual(described);
            await store.verify(id);
            for (const [i, entry] of (await (await store.open(id)).code()).entries()) {
              const draft = entry.kind === 'file' ? entry : wanted[i];
              if (draft !== undefined && !known.has(keys[i] ?? '')) known.set(keys[i] ?? '', draft);
            }
          }
        }),
        { numRuns: 10 },
      );
    });

    it('follows a path through every kind from one checkpoint to the next', async () => {
      const kinds: readonly (readonly CodeDraft[])[] = [
        [file('p', 'file')],
        [directory('p'), file('p/a', 'below')],
        [link('p', 'target')],
        [directory('p')],
        [directory('p'), directory('p/a'), file('p/a/b', 'deep')],
        [file('p', 'program', 0o755)],
        [link('.gitmodules', 'p')],
        [file('.gitmodules', 'p')],
        [],
      ];
      for (const [i, drafts] of kinds.entries()) await store.create(draftOf(`c${i}`, drafts));
      const sizes = await Promise.all(kinds.map(async (_, i) => (await contents(`c${i}`)).length));
      expect(sizes).toEqual([1, 2, 1, 1, 3, 1, 1, 1, 0]);
      expect(await contents('c5')).toEqual([['p', 'file', 0o755, 'program']]);
      expect(await contents('c7')).toEqual([['.gitmodules', 'file', 0o644, 'p']]);
      for (const i of kinds.keys()) await store.verify(`c${i}`);
    });

    it('keeps parts, and lists them by how they start', async () => {
      const parts = [
        part('state/tasks/0000.ndjson', 'T'),
        part('git/HEAD', 'H'),
        part('git/index', ''),
        part('context/ada/0000/i1', 'I'),
      ];
      await store.create(draftOf('c1', [file('git', 'no part')], parts));
      const stored = await store.open('c1');
      expect(await stored.partPaths('git/')).toEqual(['git/HEAD', 'git/index']);
      expect(await stored.partPaths('')).toEqual(parts.map(({ path }) => path).toSorted());
      expect(Buffer.from(await stored.part('git/HEAD')).toString()).toBe('H');
      expect((await stored.part('git/index')).length).toBe(0);
      await expect(stored.part('git/none')).rejects.toMatchObject({
        failure: { code: 'corrupt-checkpoint', part: 'git/none' },
      });
    });

    it('tells the manifest what was written', async () => {
      await store.create(
        draftOf('c1', [file('a', '12345'), directory('d'), link('l', '123')], [part('git/HEAD', 'x')]),
      );
      const { manifest } = await store.open('c1');
      expect(manifest).toMatchObject({ files: 2, bytes: 8 });
      expect(Object.keys(manifest.sha256).toSorted()).toEqual(['code', 'git/HEAD']);
    });

    it('names the near ones when an id is not there', async () => {
      await expect(store.open('cabc')).rejects.toMatchObject({
        failure: { code: 'unknown-id', id: 'cabc', near: [] },
      });
      await store.create(draftOf('cabd', []));
      await expect(store.open('cabc')).rejects.toMatchObject({ failure: { near: ['cabd'] } });
      await expect(store.verify('../cabd')).rejects.toMatchObject({ failure: { code: 'unknown-id' } });
    });

    it('refuses an id that is taken, and keeps what it names', async () => {
      await store.create(draftOf('c1', [file('a', 'first')]));
      await expect(store.create(draftOf('c1', [file('a', 'second')]))).rejects.toMatchObject({
        failure: { code: 'already-exists', id: 'c1' },
      });
      expect(await contents('c1')).toEqual([['a', 'file', 0o644, 'first']]);
    });

    it('gives one of several that are created at once under one id', async () => {
      const tries = Array.from({ length: 6 }, (_, i) => store.create(draftOf('c1', [file('a', `${i}`)])));
      const done = await Promise.allSettled(tries);
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await store.ids()).toEqual(['c1']);
      await store.verify('c1');
    });

    it('makes several at once', async () => {
      await Promise.all(
        [1, 2, 3, 4, 5].map((n) => store.create(draftOf(`c${n}`, [file('a', `${n}`), file('b', 'same')]))),
      );
      expect((await store.ids()).toSorted()).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
      expect(await contents('c4')).toContainEqual(['a', 'file', 0o644, '4']);
    });

    it('makes none when what it is given fails', async () => {
      const broken = {
        ...draftOf('c1', [file('a', 'A')]),
        // oxlint-disable-next-line require-yield
        parts: (async function* (): AsyncGenerator<readonly PartDraft[]> {
          throw new Error('the disk is on fire');
        })(),
      };
      await expect(store.create(broken)).rejects.toThrow('the disk is on fire');
      expect(await store.ids()).toEqual([]);
      await store.create(draftOf('c1', [file('a', 'A')]));
    });

    it('can be used again after it was closed', async () => {
      await store.create(draftOf('c1', [file('a', 'A')]));
      await contents('c1');
      await store.close();
      await store.close();
      expect(await contents('c1')).toEqual([['a', 'file', 0o644, 'A']]);
      await store.check();
    });

    it('gives back any tree, whatever the one before it was', async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(randomDrafts, async (drafts) => {
          const id = `r${count++}`;
          await store.create(draftOf(id, drafts));
          expect(await contents(id)).toEqual(drafts.map((draft) => describeDraft(draft, drafts)));
          await expectPlaced(await store.open(id));
          await store.verify(id);
        }),
        { numRuns: 25 },
      );
    });
  });
}

/** At each path is what the whole list has there, and nothing anywhere else. */
async function expectPlaced(stored: StoredCheckpoint): Promise<void> {
  const code = await stored.code();
  const paths = code.map(({ path }) => path);
  const placed = await stored.codeAt([...paths, ...paths.map((path) => `${path}/none`), 'none']);
  expect(placed).toHaveLength(code.length);
  for (const [i, entry] of placed.entries()) expect(code[i]).toMatchObject(entry);
}

function byPath(a: CodeDraft, b: CodeDraft): number {
  return a.path < b.path ? -1 : 1;
}

type Described = readonly (string | number | boolean)[];

function describeEntry(entry: CodeEntry, bytes: ReadonlyMap<string, string>): Described {
  if (entry.kind === 'directory') return [entry.path, 'directory', entry.mode, entry.empty];
  const text = bytes.get(entry.object) ?? 'no bytes';
  if (entry.kind === 'link') return [entry.path, 'link', entry.target, text];
  expect(entry.size).toBe(text.length);
  return [entry.path, 'file', entry.mode, text];
}

function describeDraft(draft: CodeDraft, all: readonly CodeDraft[]): Described {
  if (draft.kind === 'link') return [draft.path, 'link', draft.target, draft.target];
  if (draft.kind === 'directory') {
    return [
      draft.path,
      'directory',
      draft.mode,
      !all.some((other) => other.path.startsWith(`${draft.path}/`)),
    ];
  }
  const text = 'bytes' in draft ? Buffer.from(draft.bytes).toString('latin1') : '';
  return [draft.path, 'file', draft.mode, text];
}

const randomName = fc.constantFrom('a', 'b', 'a-b', '.git ', '\xff', 'x\ny', '"');
const randomMode = fc.constantFrom(0o644, 0o755, 0o600, 0o4711, 0o666);

const randomDrafts: fc.Arbitrary<CodeDraft[]> = fc
  .array(
    fc.record({
      names: fc.array(randomName, { minLength: 1, maxLength: 3 }),
      kind: fc.constantFrom('file', 'link', 'directory'),
      mode: randomMode,
      text: fc.constantFrom('', 'one', 'two\0\r\n'),
    }),
    { maxLength: 10 },
  )
  .map((nodes) => {
    const drafts = new Map<string, CodeDraft>();
    for (const { names, kind, mode, text } of nodes) {
      const path = names.join('/');
      const above = names.slice(1).map((_, i) => names.slice(0, i + 1).join('/'));
      if (drafts.has(path) || above.some((one) => (drafts.get(one)?.kind ?? 'directory') !== 'directory'))
        continue;
      for (const one of above) if (!drafts.has(one)) drafts.set(one, directory(one));
      drafts.set(
        path,
        kind === 'file'
          ? file(path, text, mode)
          : kind === 'link'
            ? link(path, text || '.')
            : directory(path, mode),
      );
    }
    return [...drafts.values()].toSorted(byPath);
  });

const places = 40;
const everyPlace = Array.from({ length: places }, (_, at) => [at, 1] as const);

/** What becomes of places: 0, nothing is there; a multiple of 5, a link; else a file of that version. */
const randomHistory = fc.array(fc.array(fc.tuple(fc.nat(places - 1), fc.nat(5)), { maxLength: 5 }), {
  minLength: 1,
  maxLength: 5,
});

function draftsAt(versions: ReadonlyMap<number, number>): readonly CodeDraft[] {
  const drafts: CodeDraft[] = [];
  for (const [at, version] of versions) {
    const path = `f${'x'.repeat(at % 5)}${at}`;
    if (version > 0) drafts.push(version % 5 === 0 ? link(path, 'there') : file(path, `version ${version}`));
  }
  return drafts.toSorted(byPath);
}
