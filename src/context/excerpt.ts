import { plainWords } from '../store/words.ts';
import type { TokenCounter } from './tokens.ts';

/** Whole lines of a text within a budget of tokens, from shortly before the first line that has one of the words. */
export function excerptOf(
  text: string,
  wanted: { readonly words: readonly string[]; readonly budget: number; readonly tokens: TokenCounter },
): string {
  const lines = text.split(/(?<=\n)/);
  const first = Math.max(0, firstLineWith(lines, wanted.words) - linesBefore);
  const fits = (end: number): boolean =>
    wanted.tokens.count(lines.slice(first, end).join('')) <= wanted.budget;
  let low = first;
  let high = lines.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  if (low > first) return lines.slice(first, low).join('');
  return startOf(lines[first] ?? '', wanted);
}

const linesBefore = 2;

function firstLineWith(lines: readonly string[], words: readonly string[]): number {
  if (words.length === 0) return 0;
  const index = lines.findIndex((line) => {
    const having = new Set(plainWords(line));
    return words.some((word) => having.has(word));
  });
  return Math.max(0, index);
}

/** Of a line that is too long. */
function startOf(line: string, wanted: { readonly budget: number; readonly tokens: TokenCounter }): string {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (wanted.tokens.count(line.slice(0, middle)) <= wanted.budget) low = middle;
    else high = middle - 1;
  }
  const splits = /[\ud800-\udbff]/.test(line[low - 1] ?? '');
  return line.slice(0, splits ? low - 1 : low);
}
