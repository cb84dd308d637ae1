import fc from 'fast-check';
import { expect, test } from 'vitest';

import { jsonStrings, nestedStrings } from './json-strings.ts';

/** What `JSON.parse` says of it. */
function isJson(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'string' || (typeof parsed === 'object' && parsed !== null);
  } catch {
    return false;
  }
}

function valuesIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(valuesIn);
}

test('finds every string value of any JSON, and the key that it stands under', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2), (text, indent) => {
      const json = JSON.stringify(JSON.parse(text), null, indent);
      const found = jsonStrings(json);
      if (!isJson(json)) expect(found).toBeNull();
      else {
        const values = found?.map(({ from, to }): unknown => JSON.parse(`"${json.slice(from, to)}"`));
        expect(values).toEqual(valuesIn(JSON.parse(json)));
      }
    }),
  );
  const json = '{"a": "x", "edits": [{"old": "y"}, {"new" : "z"}]}';
  expect(jsonStrings(json)?.map(({ key, from, to }) => [key, json.slice(from, to)])).toEqual([
    ['a', 'x'],
    ['old', 'y'],
    ['new', 'z'],
  ]);
});

test('finds every string of JSON that stands in a string of JSON', () => {
  fc.assert(
    fc.property(fc.record({ old: fc.string({ unit: 'binary' }), new: fc.string() }), (given) => {
      const json = JSON.stringify({ name: 'edit', arguments: JSON.stringify(given) });
      const [, inside] = jsonStrings(json) ?? [];
      const found = nestedStrings(json, inside ?? { from: 0, to: 0 });
      const said = found?.map(({ key, from, to }): unknown[] => {
        const inner = JSON.parse(`"${json.slice(from, to)}"`) as string;
        return [key, JSON.parse(`"${inner}"`)];
      });
      expect(said).toEqual(Object.entries(given));
    }),
  );
  expect(nestedStrings('"{no json}"', { from: 1, to: 10 })).toBeNull();
});

test('says of any text whether it is JSON, as the language does', () => {
  const sign = fc.constantFrom(
    ...'{}[]",:\\ \n\t0123.eE+-untrefalsbx\u0001'.split(''),
    '"a"',
    'true',
    'null',
    '\\u00e9',
  );
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 12 }), fc.constantFrom('', '[', '{"a":', '"'), (signs, start) => {
      const close = start === '[' ? ']' : start === '' ? '' : start === '"' ? '"' : '}';
      const text = start + signs.join('') + close;
      expect(jsonStrings(text) !== null, text).toBe(isJson(text));
    }),
    { numRuns: 5_000 },
  );
});

test('is not impressed by depth', () => {
  const deep = '['.repeat(200_000);
  expect(jsonStrings(deep)).toBeNull();
  expect(jsonStrings(deep + ']'.repeat(200_000))).toEqual([]);
});
