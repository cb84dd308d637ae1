import type { Escapes, LineRange } from './lines.ts';
import type { Units } from './text-units.ts';

/** No way to number lines but those that are never anything else. */
export const NO_STYLE = 0;

/** A range, and how most of its lines are numbered. */
export interface NumberedRange extends LineRange {
  readonly style: number;
}

/**
 * Where the text of a line begins behind the number that a file tool put before it. `  12→`, `  12<tab>` and `12| ` are never
 * anything else; `12: ` is where the line before or after it counts on; `12:`, `12|`, ` 12 | ` and `12. ` only where nearly
 * all lines of the text are numbered so.
 */
export function lineStart(units: Units, from: number, range: NumberedRange): number {
  readNumber(units, from, range);
  const { style, end } = number;
  if (style === NO_STYLE) return from;
  if (style === SURE || style === range.style) return end;
  return style === COLON_SPACE && range.escaped === 0 && isCounted(units, from) ? end : from;
}

/** How nearly all lines of a text are numbered, told by its beginning. */
export function styleOf(units: Units, range: LineRange): number {
  const counted = new Int32Array(STYLES);
  const last = new Float64Array(STYLES).fill(-1);
  let lines = 0;
  for (let at = range.from; at < range.to && lines < LOOKED_AT; at = nextLine(units, at, range)) {
    lines += 1;
    readNumber(units, at, range);
    const { style, value } = number;
    if (style !== NO_STYLE && value === (last[style] ?? 0) + 1) counted[style] = (counted[style] ?? 0) + 1;
    last[style] = value;
    // A text that is not numbered is told by a few lines.
    if (lines === FEW && counted.every((count) => count === 0)) return NO_STYLE;
  }
  const best = counted.indexOf(Math.max(...counted));
  return (counted[best] ?? 0) >= Math.max(LEAST_COUNTED, lines * NEARLY_ALL) ? best : NO_STYLE;
}

const LOOKED_AT = 40;
const FEW = 12;
const LEAST_COUNTED = 3;
const NEARLY_ALL = 0.6;

/** What stands behind a number. */
const SURE = 1;
const COLON_SPACE = 2;
const COLON_ALONE = 3;
const BAR_ALONE = 4;
const SPACED_BAR = 5;
const DOT = 6;
const STYLES = 7;

/** The number that was read last, what stands behind it, and where the text behind that begins. */
const number = { value: 0, style: NO_STYLE, end: 0 };

function readNumber(units: Units, from: number, { to, escaped }: LineRange): void {
  number.style = NO_STYLE;
  let at = from;
  while (at < to && units[at] === SPACE) at += 1;
  if (units[at] === LETTER_L) at += 1;
  const digits = at;
  let value = 0;
  for (; at < to && isDigit(units[at] ?? 0); at += 1) value = value * 10 + (units[at] ?? 0) - 48;
  if (at === digits || at >= to) return;
  number.value = value;
  const style = styleBehind(units, at, escaped);
  const isL = units[digits - 1] === LETTER_L;
  if (isL && style !== COLON_SPACE) return;
  // What counts from a line to the next is short.
  if (style !== SURE && at - digits > LONGEST_NUMBER) return;
  number.style = style;
  number.end = at + lengthOf(units[at] ?? 0, style);
}

const LONGEST_NUMBER = 7;

function styleBehind(units: Units, at: number, escaped: Escapes): number {
  const sign = units[at];
  const isSpaced = units[at + 1] === SPACE;
  if (sign === ARROW || sign === TAB) return SURE;
  if (escaped > 0 && sign === BACKSLASH && units[at + 1] === LETTER_T) return SURE;
  if (sign === BAR) return isSpaced ? SURE : BAR_ALONE;
  if (sign === COLON) return isSpaced ? COLON_SPACE : COLON_ALONE;
  if (sign === SPACE && units[at + 1] === BAR && units[at + 2] === SPACE) return SPACED_BAR;
  return sign === FULL_STOP && isSpaced ? DOT : NO_STYLE;
}

/** Units of what stands behind a number. */
function lengthOf(sign: number, style: number): number {
  if (style === SPACED_BAR) return 3;
  if (style === BAR_ALONE || style === COLON_ALONE || sign === ARROW || sign === TAB) return 1;
  return 2;
}

/** `12: ` is a line's number only where the line before or after it has the number before or after it: a log's time is none. */
function isCounted(units: Units, from: number): boolean {
  const { value } = number;
  let before = from - 1;
  while (before > 0 && units[before - 1] !== NEWLINE) before -= 1;
  if (from > 0 && numberIn(units, before) === value - 1) return true;
  let next = from;
  while (units[next] !== NEWLINE && units[next] !== 0) next += 1;
  return units[next] === NEWLINE && numberIn(units, next + 1) === value + 1;
}

function numberIn(units: Units, from: number): number {
  let at = from;
  while (units[at] === SPACE) at += 1;
  if (units[at] === LETTER_L) at += 1;
  let value = Number.NaN;
  for (const first = at; isDigit(units[at] ?? 0) && at - first <= LONGEST_NUMBER; at += 1)
    value = (Number.isNaN(value) ? 0 : value * 10) + (units[at] ?? 0) - 48;
  return value;
}

function nextLine(units: Units, from: number, { to, escaped }: LineRange): number {
  for (let at = from; at < to; at += 1) {
    if (escaped === 0 && units[at] === NEWLINE) return at + 1;
    if (escaped === 0 || units[at] !== BACKSLASH) continue;
    if (units[at + 1] === LETTER_N) return at + 2;
    at += 1;
  }
  return to;
}

/** Measured: about how many tokens a number before a line is, with all that stands around it. */
export function numberTokens(text: string, from: number, end: number): number {
  const written = text.slice(from, end);
  const digits = written.trim().match(/\d+/)?.[0].length ?? 1;
  const padded = written.startsWith(' ') ? 1 : 0;
  const letter = written.includes('L') ? 1 : 0;
  return 1 + Math.ceil(digits / 3) + padded + letter + signTokens(written);
}

function signTokens(written: string): number {
  if (written.endsWith('→')) return 1.2;
  if (written.endsWith(' | ')) return 0.85;
  if (written.endsWith('t') || written.endsWith('\t')) return 0.65;
  return written.endsWith(' ') ? 0.55 : 0;
}

const SPACE = 32;
const TAB = 9;
const NEWLINE = 10;
const ARROW = 0x2192;
const BAR = 124;
const COLON = 58;
const FULL_STOP = 46;
const LETTER_L = 76;
const LETTER_N = 110;
const LETTER_T = 116;
const BACKSLASH = 92;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
