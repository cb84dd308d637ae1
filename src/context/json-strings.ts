/** A string inside a JSON text: the characters between its quotes, and the key that it is the value of ('' in an array). */
export interface JsonString {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** Every string value of a JSON text, in order; the elements of an array carry the array's key. Never throws. */
export function jsonStrings(json: string): JsonString[] {
  const found: JsonString[] = [];
  let key = '';
  let at = json.indexOf('"');
  while (at >= 0) {
    const close = endOfString(json, at + 1);
    if (json.charCodeAt(close + 1) === COLON) key = json.slice(at + 1, close);
    else found.push({ key, from: at + 1, to: Math.min(close, json.length) });
    at = json.indexOf('"', close + 1);
  }
  return found;
}

/** Whether a text is JSON that holds strings: what a call's input is, for most tools. */
export function isJson(text: string): boolean {
  if (!/^\s*[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const COLON = 58;
const QUOTE = 34;
const BACKSLASH = 92;

function endOfString(json: string, from: number): number {
  let at = from;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
