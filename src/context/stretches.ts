import type { AdmittedItem } from './flash-item.ts';
import { jsonStrings } from './json-strings.ts';
import type { Units } from './text-units.ts';

/** What part a text plays. Of an edit's input `old` is what the file no longer holds and `new` is what it holds now. */
export type Role = 'old' | 'new' | 'text';

/** Part of an item's text: the inside of a string in a call's JSON, or all of it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** In JSON a line ends with the two characters of its escape. */
  readonly escaped: boolean;
  readonly role: Role;
}

/**
 * The parts of an item that hold text. Of a call only the strings inside its JSON: whatever leaves them, what is left is JSON
 * still, so that the call stays one that a provider accepts.
 */
export function stretchesOf(item: Pick<AdmittedItem, 'kind' | 'text'>, units?: Units): Stretch[] {
  const { kind, text } = item;
  const strings = kind === 'call' ? jsonStrings(text, units) : null;
  if (strings === null)
    return [{ from: 0, to: text.length, escaped: false, role: kind === 'call' ? 'new' : 'text' }];
  return strings.map(({ key, from, to }) => ({ from, to, escaped: true, role: roleOf(key) }));
}

/** Items below this stay: a stub would save nothing. */
const LEAST_TOKENS = 48;

/** Whether anything of an item is long enough to be cut. */
export function mayBeCut({ kind, text, tokens }: AdmittedItem): boolean {
  return tokens >= LEAST_TOKENS && (kind !== 'call' || text.length > LONG_STRING);
}

/** Whether a stretch is long enough to be cut: a short string of a call says what the call did, and stays. */
export function isCuttable(item: Pick<AdmittedItem, 'kind'>, stretch: Stretch): boolean {
  return item.kind !== 'call' || stretch.to - stretch.from > (stretch.escaped ? LONG_STRING : LONG_COMMAND);
}

const LONG_STRING = 160;
const LONG_COMMAND = 800;

function roleOf(key: string): Role {
  if (OLD_KEY.test(key)) return 'old';
  return NEW_KEY.test(key) ? 'new' : 'text';
}

const OLD_KEY = /^old/i;
const NEW_KEY = /^(new|content|file_text|insert|text$|code$|patch|input$|diff)/i;
