import { createHash } from 'node:crypto';
import type { TokenCounter } from '../../context/tokens.ts';

/**
 * Byte pair encoding is quadratic on a run without breaks: 30,000 letters take seconds. Cut at this length they take
 * milliseconds, and the count stays within 0.1 %.
 */
const runMax = 512;
const cachedMax = 4096;
/** Below this, counting is as quick as hashing. */
const cachedLengthMin = 256;

/** Loads the tables of o200k_base (some 150 ms), the encoding of OpenAI's models since 2024; for others it is an estimate. */
export async function openO200kTokens(): Promise<TokenCounter> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  const options = { disallowedSpecial: new Set<string>() };
  const cache = new Map<string, number>();

  return {
    method: `o200k_base/sliced-${runMax}`,
    count(text) {
      if (text.length < cachedLengthMin) return countSliced(text);
      const key = createHash('sha256').update(text, 'utf16le').digest('base64');
      const count = cache.get(key) ?? countSliced(text);
      remember(key, count);
      return count;
    },
  };

  function countSliced(text: string): number {
    return slices(withoutLoneSurrogates(text)).reduce((sum, slice) => sum + countTokens(slice, options), 0);
  }

  /** The last one used stands last. */
  function remember(key: string, count: number): void {
    cache.delete(key);
    cache.set(key, count);
    const [oldest] = cache.keys();
    if (cache.size > cachedMax && oldest !== undefined) cache.delete(oldest);
  }
}

/** As UTF-8 would show them. */
export function withoutLoneSurrogates(text: string): string {
  return text.toWellFormed();
}

/** The text in pieces, cut only inside of runs (of characters without a blank, or of blanks) that are too long. */
export function slices(text: string): readonly string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const run of text.matchAll(longRun)) {
    const end = run.index + run[0].length;
    while (end - from > runMax) {
      const to = cutBetween(text, Math.max(run.index, from) + runMax);
      pieces.push(text.slice(from, to));
      from = to;
    }
  }
  pieces.push(text.slice(from));
  return pieces.filter((piece) => piece !== '');
}

/** Looking back makes it fail at once in the middle of a run that is short enough. */
const longRun = new RegExp(`(?<!\\S)\\S{${runMax + 1},}|(?<!\\s)\\s{${runMax + 1},}`, 'g');

/** Not between the two halves of one character. */
function cutBetween(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? at - 1 : at;
}
