import { unitsOf, type Units } from './text-units.ts';

/** A string inside a JSON text: the characters between its quotes, and the key that it is the value of ('' in an array). */
export interface JsonString {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Every string value of a JSON text, in order; the elements of an array carry the key that was read last. Null for what is no
 * object, array or string of JSON. Not by `JSON.parse`, which would build what nobody asks for and does not say where it stands.
 */
export function jsonStrings(json: string, units: Units = unitsOf(json)): readonly JsonString[] | null {
  const reading: Reading = { json, units, open: [], found: [], key: '', at: afterSpace(units, 0) };
  const first = units[reading.at];
  if (first !== QUOTE && first !== BRACE && first !== BRACKET) return null;
  while (readValue(reading)) {
    closeWhatEnds(reading);
    if (reading.open.length === 0) return reading.at === json.length ? reading.found : null;
    if (!readComma(reading)) return null;
  }
  return null;
}

/**
 * The strings of a JSON text that is itself the inside of a string, by where they stand in the outer text; null: it is none.
 */
export function nestedStrings(
  json: string,
  { from, to }: { readonly from: number; readonly to: number },
): readonly JsonString[] | null {
  const inside = json.slice(from, to);
  const inner = inside.replaceAll(ESCAPED, unescaped);
  const strings = jsonStrings(inner);
  if (strings === null) return null;
  const places = outerPlaces(inside, inner.length);
  return strings.map((one) => ({
    key: one.key,
    from: from + (places[one.from] ?? 0),
    to: from + (places[one.to] ?? 0),
  }));
}

const ESCAPED = /\\(?:u[0-9a-fA-F]{4}|.)/g;

/** One character for each escape. */
function unescaped(escape: string): string {
  return JSON.parse(`"${escape}"`) as string;
}

/** Per character of what a string says where that stands between its quotes. */
function outerPlaces(inside: string, length: number): Int32Array {
  const places = new Int32Array(length + 1);
  let at = 0;
  for (let place = 0; place < length; place += 1) {
    places[place] = at;
    if (inside.charCodeAt(at) !== BACKSLASH) at += 1;
    else at += inside.charCodeAt(at + 1) === LETTER_U ? 6 : 2;
  }
  places[length] = at;
  return places;
}

interface Reading {
  readonly json: string;
  readonly units: Units;
  /** The signs that close the objects and arrays that are open. */
  readonly open: number[];
  readonly found: JsonString[];
  key: string;
  at: number;
}

/** A string, a number, a word, or the beginning of an object or array up to its first value; false: none of these. */
function readValue(reading: Reading): boolean {
  const { units, open } = reading;
  for (;;) {
    const code = units[reading.at] ?? 0;
    if (code === QUOTE) return readString(reading);
    if (code !== BRACE && code !== BRACKET) return readScalar(reading);
    // The closing sign comes two behind the opening one.
    open.push(code + 2);
    reading.at = afterSpace(units, reading.at + 1);
    if (units[reading.at] === code + 2) return true;
    if (code === BRACE && !readKey(reading)) return false;
  }
}

function readString(reading: Reading): boolean {
  const { units, found, key } = reading;
  const from = reading.at + 1;
  const to = endOfString(units, from);
  if (to < 0) return false;
  found.push({ key, from, to });
  reading.at = to + 1;
  return true;
}

function readKey(reading: Reading): boolean {
  const { json, units } = reading;
  const from = reading.at + 1;
  const to = units[from - 1] === QUOTE ? endOfString(units, from) : -1;
  if (to < 0) return false;
  reading.key = json.slice(from, to);
  const colon = afterSpace(units, to + 1);
  reading.at = afterSpace(units, colon + 1);
  return units[colon] === COLON;
}

function readScalar(reading: Reading): boolean {
  SCALAR.lastIndex = reading.at;
  if (!SCALAR.test(reading.json)) return false;
  reading.at = SCALAR.lastIndex;
  return true;
}

const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function closeWhatEnds(reading: Reading): void {
  const { units, open } = reading;
  reading.at = afterSpace(units, reading.at);
  while (open.length > 0 && units[reading.at] === open.at(-1)) {
    open.pop();
    reading.at = afterSpace(units, reading.at + 1);
  }
}

function readComma(reading: Reading): boolean {
  const { units, open } = reading;
  if (units[reading.at] !== COMMA) return false;
  reading.at = afterSpace(units, reading.at + 1);
  return open.at(-1) === BRACKET + 2 || readKey(reading);
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BRACKET = 91;
const BACKSLASH = 92;
const LETTER_U = 117;
const BRACE = 123;

function afterSpace(units: Units, from: number): number {
  let at = from;
  for (let code = units[at]; code === 32 || code === 10 || code === 13 || code === 9; code = units[at])
    at += 1;
  return at;
}

/** Where its quote is; -1: it has none, or what JSON does not allow stands in it. */
function endOfString(units: Units, from: number): number {
  let at = from;
  for (let code = units[at] ?? 0; code !== QUOTE; code = units[at] ?? 0) {
    const length = code === BACKSLASH ? escapeLength(units, at + 1) : 1;
    if (code < 32 || length === 0) return -1;
    at += length;
  }
  return at;
}

/** With its backslash; 0: no such escape. */
function escapeLength(units: Units, at: number): number {
  const code = units[at] ?? 0;
  if (code !== LETTER_U) return ESCAPES.includes(code) ? 2 : 0;
  for (let digit = at + 1; digit <= at + 4; digit += 1) if (!isHex(units[digit] ?? 0)) return 0;
  return 6;
}

/** `"`, `/`, `\`, and b, f, n, r, t. */
const ESCAPES = [34, 47, 92, 98, 102, 110, 114, 116];

function isHex(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/** Whether a call is given JSON in a string of JSON, as OpenAI's `arguments`: told by how its text starts. */
export function isEnvelope(start: string): boolean {
  return start.includes('\\"') && ENVELOPE.test(start);
}

const ENVELOPE = /"(?:\w*arguments|args|parameters|params|\w*input)"\s*:\s*"\{(?:\s|\\n)*\\"/i;
