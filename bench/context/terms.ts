/**
 * What the metric calls a term: a word that only a context can supply. Written apart from the policy's own names, so that
 * the policy is not measured with its own ruler.
 */
export function termsOf(text: string): Set<string> {
  const terms = new Set<string>();
  for (const [word] of text.matchAll(IDENTIFIER)) if (isTelling(word)) terms.add(word);
  for (const [file] of text.matchAll(FILE_NAME)) terms.add(file);
  for (const [hash] of text.matchAll(HASH)) if (/\d/.test(hash) && /[a-f]/.test(hash)) terms.add(hash);
  return terms;
}

const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]{3,63}/g;
const FILE_NAME =
  /[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}\.(?:[a-z]{1,4}|[a-z]{2}x|jsonl|astro|swift|mp[34])\b(?![(\w])/g;
const HASH = /\b[0-9a-f]{7,64}\b/g;

/** Words that any model writes without a source are no terms: `return`, `file`, `test`. */
function isTelling(word: string): boolean {
  return word.length >= LONG_WORD || /[A-Z_\d]/.test(word);
}

const LONG_WORD = 6;

/** Lines as an edit quotes them: without indentation and the number that a file tool puts before them. */
export function linesOf(text: string): Set<string> {
  const lines = new Set<string>();
  for (const raw of text.split('\n')) {
    const line = raw.replace(LINE_NUMBER, '').trim();
    if (line.length >= SHORTEST_LINE && /[A-Za-z0-9_].*[A-Za-z0-9_].*[A-Za-z0-9_]/.test(line))
      lines.add(line);
  }
  return lines;
}

const LINE_NUMBER = /^\s*\d+(?:→|\t)/;
const SHORTEST_LINE = 8;

/** Every string in a call's input, line ends as they are. */
export function stringsOf(input: unknown): string {
  if (typeof input === 'string') return input;
  if (Array.isArray(input)) return input.map(stringsOf).join('\n');
  if (input !== null && typeof input === 'object') return Object.values(input).map(stringsOf).join('\n');
  return '';
}

/** The text that an edit must find in the file, of the edit tools of several agents; '' for every other call. */
export function quotedBy(input: unknown): string {
  if (input === null || typeof input !== 'object') return '';
  if (Array.isArray(input)) return input.map(quotedBy).join('\n');
  const found = Object.entries(input).map(([key, value]) => {
    if (/^old_?(string|text|str)$/i.test(key)) return stringsOf(value);
    return key === 'edits' ? quotedBy(value) : '';
  });
  return found.join('\n').trim();
}

/** What the model reads of an item, given the text that the prompt shows: of a call the strings of its input. */
export function shownText(kind: string, text: string): string {
  if (kind !== 'call') return text;
  try {
    return stringsOf(JSON.parse(text));
  } catch {
    return text;
  }
}
