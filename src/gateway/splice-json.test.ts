import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { spliceJson } from './splice-json.ts';

/** Every place in a value, with the value there. */
function placesIn(
  value: Json,
  path: readonly (string | number)[] = [],
): { path: (string | number)[]; value: Json }[] {
  const below = Array.isArray(value)
    ? value.flatMap((one: Json, at) => placesIn(one, [...path, at]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, one]) => placesIn(one, [...path, key]))
      : [];
  return [{ path: [...path], value }, ...below];
}

function withValueAt(value: unknown, path: readonly (string | number)[], put: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  if (Array.isArray(value))
    return value.map((one: unknown, at) => (at === key ? withValueAt(one, rest, put) : one));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, one]: [string, unknown]) => [
      name,
      name === key ? withValueAt(one, rest, put) : one,
    ]),
  );
}

describe('replacing values in the text of JSON', () => {
  it('does what it would do to the value, at any place and however it is written', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(),
        fc.jsonValue(),

        (given, pick, put) => {
          const space = [undefined, 1, '\t'][pick % 3];
          const value = JSON.parse(JSON.stringify(given)) as Json;
          const places = placesIn(value).filter(({ path }) => !path.includes('__proto__'));
          const place = places[pick % places.length]!;
          const raw = ` ${JSON.stringify(value, null, space)}\n`;
          const spliced = spliceJson(raw, [{ path: place.path, json: JSON.stringify(put) }]);
          expect(JSON.parse(spliced)).toEqual(
            JSON.parse(JSON.stringify(withValueAt(value, place.path, put))),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps every other byte, also what parsing would change', () => {
    const raw =
      '{ "id" : 12345678901234567890, "2":1.0,"1" : "\\u00e9\\"]}", "a": ["x", {"b": "old"} ] , "n":-0 }';
    expect(spliceJson(raw, [{ path: ['a', 1, 'b'], json: '"new"' }])).toBe(raw.replace('"old"', '"new"'));
  });

  it('replaces several at once, and leaves out what is not there', () => {
    const raw = '{"a":["b","c"],"d":{"e":"f"}}';
    const edits = [
      { path: ['d', 'e'], json: '{"g":1}' },
      { path: ['a', 1], json: '"C"' },
      { path: ['a', 7], json: '"no"' },
      { path: ['x', 'y'], json: '"no"' },
    ];
    expect(spliceJson(raw, edits)).toBe('{"a":["b","C"],"d":{"e":{"g":1}}}');
  });
});
