import type { AdmittedItem } from './flash-item.ts';
import type { Stretch } from './pieces.ts';

/**
 * The parts of an item that may be cut. Of a call only the long strings inside its JSON: what is left is JSON still, with
 * the stub in the string's place, so that the call stays one that a provider accepts.
 */
export function stretchesOf(item: AdmittedItem, rate: number): Stretch[] {
  const whole = [{ from: 0, to: item.text.length, escaped: false, rate }];
  if (item.kind !== 'call') return whole;
  if (!isJson(item.text)) return item.text.length > LONG_COMMAND ? whole : [];
  return longStrings(item.text).map((range) => ({ ...range, escaped: true, rate }));
}

const LONG_COMMAND = 800;
const LONG_STRING = 160;

function isJson(text: string): boolean {
  if (!/^\s*[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Insides of string values, quotes excluded. Keys are never long. */
function longStrings(json: string): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let at = 0;
  while (at < json.length) {
    const open = json.indexOf('"', at);
    if (open < 0) break;
    const close = endOfString(json, open + 1);
    const isKey = json.charCodeAt(close + 1) === 58;
    if (close - open > LONG_STRING && !isKey) found.push({ from: open + 1, to: close });
    at = close + 1;
  }
  return found;
}

function endOfString(json: string, from: number): number {
  let at = from;
  while (at < json.length && json.charCodeAt(at) !== 34) at += json.charCodeAt(at) === 92 ? 2 : 1;
  return at;
}
