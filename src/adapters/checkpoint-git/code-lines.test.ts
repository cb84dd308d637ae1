import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeList, sha256 } from '../../checkpoint/manifest.ts';
import type { CodeEntry, Run } from '../../checkpoint/tree.ts';
import { CodeLines } from './code-lines.ts';

const file = (path: string, size: number): CodeEntry => ({
  kind: 'file',
  path,
  mode: 0o644,
  object: size.toString(16).padStart(40, '0'),
  size,
});

const tree = (count: number): CodeEntry[] =>
  Array.from({ length: count }, (_, i) => file(`f${i.toString().padStart(6, '0')}`, i));

/** Changes, additions and deletions at these places, each a share of the list. */
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    what: fc.constantFrom('edit', 'add', 'delete'),
  }),
  { maxLength: 20 },
);

function edited(
  code: readonly CodeEntry[],
  { at, what }: { readonly at: number; readonly what: string },
): CodeEntry[] {
  const i = Math.floor(at * code.length);
  const found = code[i];
  if (found === undefined) return [...code];
  if (what === 'edit') return code.with(i, file(found.path, found.kind === 'file' ? found.size + 1 : 0));
  if (what === 'delete') return code.toSpliced(i, 1);
  return code.toSpliced(i, 0, file(`${found.path.slice(0, -1)}+${i}`, 1));
}

/** In runs; those of before that say the same are given again. */
function runsOf(code: readonly CodeEntry[], before: readonly Run<CodeEntry>[]): readonly Run<CodeEntry>[] {
  const known = new Map(before.map((run) => [run[0], run]));
  const runs: Run<CodeEntry>[] = [];
  for (let at = 0; at < code.length;) {
    const run = known.get(code[at]);
    const isSame = run?.every((entry, i) => entry === code[at + i]) === true;
    const next = isSame ? run : code.slice(at, at + 1 + (at % 40));
    runs.push(next);
    at += next.length;
  }
  return runs;
}

test('the hash, the count and the bytes are those of the whole list, whatever was taken over from the list before', () => {
  fc.assert(
    fc.property(fc.nat(3_000), fc.array(edits, { maxLength: 4 }), (count, rounds) => {
      let code = tree(count);
      let runs = runsOf(code, []);
      let lines = CodeLines.of(runs, CodeLines.none);
      for (const round of [[], ...rounds]) {
        code = round.reduce(edited, code);
        runs = runsOf(code, runs);
        lines = CodeLines.of(runs, lines);
        expect(lines.sha256()).toBe(sha256(codeList(code)));
        expect(lines.files).toBe(code.length);
        expect(lines.bytes).toBe(
          code.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0),
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('a directory counts as no file, a link with the length of its target', () => {
  const code: Run<CodeEntry> = [
    { kind: 'directory', path: 'd', mode: 0o755, empty: true },
    { kind: 'link', path: 'l', object: 'a'.repeat(40), target: 'there' },
  ];
  const lines = CodeLines.of([code], CodeLines.none);
  expect({ files: lines.files, bytes: lines.bytes }).toEqual({ files: 1, bytes: 5 });
});
