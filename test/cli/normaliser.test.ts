import { expect, test } from 'vitest';
import fc from 'fast-check';
import { hostname } from 'node:os';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { idLetters, type IdKind } from '../../src/ids.ts';
import { durationWords, timeWords } from '../../src/cli/quantity-words.ts';
import { makeNormaliser } from '../rig/cli.ts';

/** What is another at every run, in the places where the program prints it. */
const place = { dir: '/tmp/x/project', home: '/tmp/x/data' };
const normalised = (text: string): string => makeNormaliser(place)(text);
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });
/** From a millisecond to weeks, all magnitudes alike. */
const spans = fc.double({ min: 0, max: 9.5, noNaN: true }).map((power) => Math.round(10 ** power));

test('a duration of any length is one word', () => {
  fc.assert(
    fc.property(spans, (ms) => {
      expect(normalised(`It took ${durationWords(ms)}. Run it`)).toBe('It took <duration>. Run it');
      expect(normalised(`1 of 1  whole (${durationWords(ms)}), 3 d`)).toMatch(
        /^1 of 1 {2}whole \(<duration>\)/,
      );
      expect(normalised(`"durationMs":${ms},`)).toBe('"durationMs":<ms>,');
    }),
  );
});

test('an id is the word of its kind, whatever letters it has', () => {
  const kinds = Object.keys(idLetters) as IdKind[];
  for (let i = 0; i < 2_000; i++) {
    const kind = kinds[i % kinds.length] ?? 'event';
    const id = randomIds.next(kind);
    expect(normalised(`Checkpoint ${id} (a) holds 2 files; \`${id}\`, ${id}.`)).toBe(
      `Checkpoint <${kind} 1> (a) holds 2 files; \`<${kind} 1>\`, <${kind} 1>.`,
    );
  }
});

test('hashes, pieces, times, processes and hosts are words as well', () => {
  const pieces = fc.string({
    unit: fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz'.split('')),
    minLength: 8,
    maxLength: 8,
  });
  const given = fc.record({
    long: hex(64),
    hash: hex(40),
    piece: pieces,
    pid: fc.integer({ min: 10, max: 4_194_304 }),
    ms: spans,
  });
  fc.assert(
    fc.property(given, ({ long, hash, piece, pid, ms }) => {
      expect(normalised(`sha ${long}, commit ${hash} (${hash.slice(0, 12)})`)).toBe(
        'sha <sha256>, commit <commit 1> (<commit 1>)',
      );
      expect(normalised(`[archived ${piece}: 3 lines] --id ${piece}`)).toBe(
        '[archived <piece 1>: 3 lines] --id <piece 1>',
      );
      const at = Date.UTC(2026, 0, 1) + ms;
      expect(normalised(`${timeWords(at)} "pausedAt":"${new Date(at).toISOString()}" "at":${at}`)).toBe(
        '<time> "pausedAt":"<time>" "at":<time>',
      );
      expect(normalised(`(pid ${pid} on ${hostname()}, since) (cli:me@${hostname()}#${pid})`)).toBe(
        '(pid <pid> on <host>, since) (cli:<user>@<host>#<pid>)',
      );
    }),
  );
});
