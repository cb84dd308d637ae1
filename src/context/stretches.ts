import type { AdmittedItem } from './flash-item.ts';
import { type JsonString, jsonStrings, nestedStrings } from './json-strings.ts';
import type { Escapes } from './lines.ts';
import type { Units } from './text-units.ts';

/** What part a text plays. Of an edit's input `old` is what the file no longer holds and `new` is what it holds now. */
export type Role = 'old' | 'new' | 'text';

/** Part of an item's text: the inside of a string in a call's JSON, or all of it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly escaped: Escapes;
  readonly role: Role;
}

/**
 * The parts of an item that hold text. Of a call only the strings inside its JSON: whatever leaves them, what is left is JSON
 * still, so that the call stays one that a provider accepts.
 */
export function stretchesOf(item: Pick<AdmittedItem, 'kind' | 'text'>, units?: Units): Stretch[] {
  const { kind, text } = item;
  const whole: Stretch = { from: 0, to: text.length, escaped: 0, role: kind === 'call' ? 'new' : 'text' };
  if (kind === 'result') return wrapped(text, units) ?? [whole];
  const strings = kind === 'call' ? jsonStrings(text, units) : null;
  if (strings === null) return [whole];
  return strings.flatMap((string): Stretch[] => {
    const nested = nestedIn(text, string);
    const inside = nested ?? [string];
    const escaped = nested === null ? 1 : 2;
    return inside.map((one) => ({ from: one.from, to: one.to, escaped, role: roleIn(text, one) }));
  });
}

/** Of a call in an envelope: the strings of the JSON that is one of its strings, as of OpenAI's `arguments`. */
function nestedIn(text: string, { key, from, to }: JsonString): readonly JsonString[] | null {
  if (to - from < LONG_STRING || !ENVELOPE_KEY.test(key)) return null;
  if (!ENVELOPED.test(text.slice(from, from + SHORT_STRING))) return null;
  return nestedStrings(text, { from, to });
}

/** Under another key JSON is what a file holds. */
const ENVELOPE_KEY = /^(?:\w*arguments|args|parameters|params|\w*input)$/i;
const ENVELOPED = /^\{(?:\s|\\n)*\\"/;

/** Of an answer that is JSON around a text of lines, as some tools give it; null: it is none, or its JSON is what it says. */
function wrapped(text: string, units?: Units): Stretch[] | null {
  const first = text.codePointAt(0);
  if ((first !== BRACE && first !== BRACKET) || text.length < LONG_STRING || !text.includes('\\n'))
    return null;
  const texts = (jsonStrings(text, units) ?? []).filter(({ from, to }) => to - from > LONG_STRING);
  const inside = texts.reduce((sum, { from, to }) => sum + to - from, 0);
  if (inside < text.length * MOSTLY) return null;
  return texts.map(({ from, to }) => ({ from, to, escaped: 1, role: 'text' }));
}

const BRACE = 123;
const BRACKET = 91;
const MOSTLY = 0.6;

/** Items below this stay: a stub would save nothing. */
const LEAST_TOKENS = 48;

/** Whether anything of an item is long enough to be cut. */
export function mayBeCut({ kind, text, tokens }: AdmittedItem): boolean {
  return tokens >= LEAST_TOKENS && (kind !== 'call' || text.length > LONG_STRING);
}

/** Whether a stretch is long enough to be cut: a short string of a call says what the call did, and stays. */
export function isCuttable(item: Pick<AdmittedItem, 'kind'>, stretch: Stretch): boolean {
  if (item.kind !== 'call') return true;
  return stretch.to - stretch.from > (stretch.escaped > 0 ? LONG_STRING : LONG_COMMAND);
}

const LONG_STRING = 160;
const LONG_COMMAND = 800;

/** What a script writes into a file is new, whatever its key is called. */
function roleIn(text: string, { key, from, to }: JsonString): Role {
  const role = roleOf(key);
  if (role !== 'text' || to - from < SHORT_STRING) return role;
  return HERE_TEXT.test(text.slice(from, from + HEAD)) ? 'new' : 'text';
}

const HERE_TEXT = /<<-?\s*\\*["']?\w/;
const HEAD = 400;
const SHORT_STRING = 40;

function roleOf(key: string): Role {
  if (OLD_KEY.test(key)) return 'old';
  return NEW_KEY.test(key) ? 'new' : 'text';
}

const OLD_KEY = /^old/i;
const NEW_KEY = /^(new|content|file_text|insert|text$|code$|patch|input$|diff)/i;
