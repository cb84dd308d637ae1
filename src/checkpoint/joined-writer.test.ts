import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureOf } from '../../test/rig/failure-of.ts';
import { FileTreeWriter } from '../adapters/tree-writer/tree-writer.ts';
import { CodeframeError } from '../failure.ts';
import { blobId } from './blob-id.ts';
import { joinWriters } from './joined-writer.ts';
import type { Contents, TreeOperation, TreeWriter } from './tree-writer.ts';

const bytes = Buffer.from('text\n');
const object = blobId(bytes, '0'.repeat(40));
const contents: Contents = async function* (objects) {
  for (const one of objects) yield { object: one, bytes };
};

let place: string;
let writers: readonly [TreeWriter, TreeWriter];
let both: TreeWriter;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'codeframe-joined-'));
  mkdirSync(join(place, 'project'));
  const open = (name: string): TreeWriter =>
    new FileTreeWriter({ root: join(place, name), journalDir: join(place, `journal-${name}`) });
  writers = [open('project'), open('trees')];
  both = joinWriters(...writers, () => mkdirSync(join(place, 'trees'), { recursive: true }));
});
afterEach(() => rmSync(place, { recursive: true }));

function put(path: string): TreeOperation {
  return {
    kind: 'put-file',
    path,
    home: '',
    before: { kind: 'absent' },
    mode: 0o644,
    object,
    size: bytes.length,
  };
}

const inTree = '.codeframe/worktrees/ada';
const operations: readonly TreeOperation[] = [
  { kind: 'make-directory', path: inTree, mode: 0o755 },
  put('a'),
  put('b'),
  { ...put(`${inTree}/c`), home: '.codeframe/worktrees' } as TreeOperation,
];

function read(path: string): string | null {
  return existsSync(join(place, path)) ? readFileSync(join(place, path), 'utf8') : null;
}

it('counts the files of both trees as one, and closes both journals', async () => {
  const told: Record<string, number[]> = { prepare: [], apply: [] };
  const tell = (phase: string) => (done: number, total: number) => {
    expect(total).toBe(operations.length);
    told[phase]?.push(done);
  };
  await both.check(operations);
  await both.prepare({ restoreId: 'r1', operations }, contents, tell('prepare'));
  expect(await both.open()).toEqual(['r1']);
  await both.apply('r1', tell('apply'));
  for (const counts of Object.values(told)) expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(told['apply']?.at(-1)).toBe(operations.length);
  expect(await both.finish('r1')).toEqual([]);
  expect([read('project/a'), read('project/b'), read('trees/ada/c')]).toEqual(['text\n', 'text\n', 'text\n']);
  expect(await both.open()).toEqual([]);
});

it('leaves nothing of either when the second cannot begin', async () => {
  expect(await failureOf(both.prepare({ restoreId: 'r1', operations }, failing()))).toEqual(failure);
  expect([read('project/a'), read('trees/ada')]).toEqual([null, null]);
  expect(await both.open()).toEqual([]);
});

it('names by its place in the project what is not as it was planned', async () => {
  await both.prepare({ restoreId: 'r1', operations }, contents);
  mkdirSync(join(place, 'trees/ada'));
  expect(await failureOf(both.apply('r1'))).toEqual({ code: 'tree-moved', paths: [inTree] });
  await both.rollBack('r1');
  await both.forget('r1');
  expect(read('project/a')).toBeNull();
});

it('takes both back, and names by its place in the project what somebody has changed since', async () => {
  await both.prepare({ restoreId: 'r1', operations }, contents);
  await both.apply('r1');
  writeFileSync(join(place, 'trees/ada/c'), 'mine\n');
  expect(await both.rollBack('r1')).toContain(`${inTree}/c`);
  await both.forget('r1');
  expect([read('project/a'), read('trees/ada/c')]).toEqual([null, 'mine\n']);
  expect(await both.open()).toEqual([]);
});

it('applies neither when another process has closed a journal meanwhile', async () => {
  await both.prepare({ restoreId: 'r1', operations }, contents);
  await writers[1].rollBack('r1');
  await writers[1].forget('r1');
  await expect(both.apply('r1')).rejects.toThrow();
  await both.rollBack('r1');
  expect([read('project/a'), read('trees/ada')]).toEqual([null, null]);
});

const failure = { code: 'corrupt-checkpoint', id: 'c1', part: `object ${object}`, problem: 'gone' } as const;

/** The objects are there the first time they are asked for. */
function failing(): Contents {
  let count = 0;
  return async function* (objects) {
    count += 1;
    if (count > 1) throw new CodeframeError(failure);
    yield* contents(objects);
  };
}
