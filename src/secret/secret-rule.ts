import type { Rank } from './secret-range.ts';

/** One way in which secrets are written. */
export interface SecretRule {
  readonly kind: string;
  /** Strings of which one stands in or beside every such secret, in whatever case: where none is, `find` is not called. */
  readonly anchors: readonly string[];
  readonly rank: Rank;
  /** The secret at the anchor that starts at `at`; undefined where there is none. Looks at a bounded stretch only. */
  find(text: string, at: number): FoundSecret | undefined;
}

export interface FoundSecret {
  readonly from: number;
  readonly to: number;
  readonly sure: boolean;
}

/**
 * A format that starts with its anchor. `pattern` is sticky. `alone`: only where no word runs on before it, for anchors
 * that words end with as well.
 */
export function startRule(
  kind: string,
  pattern: RegExp,
  options: { readonly anchors: readonly string[]; readonly alone?: boolean },
): SecretRule {
  return {
    kind,
    anchors: options.anchors,
    rank: 2,
    find(text, at) {
      if (options.alone === true && !startsAlone(text, at)) return undefined;
      pattern.lastIndex = at;
      const length = pattern.exec(text)?.[0].length;
      return length === undefined ? undefined : { from: at, to: at + length, sure: true };
    },
  };
}

/** A format that has its anchor so many characters behind its start; `pattern` is sticky and matches all of it. */
export function middleRule(
  kind: string,
  pattern: RegExp,
  options: { readonly anchors: readonly string[]; readonly back: readonly [min: number, max: number] },
): SecretRule {
  const [backMin, backMax] = options.back;
  return {
    kind,
    anchors: options.anchors,
    rank: 2,
    find(text, at) {
      for (let back = 1; back <= backMax && isTokenCharacter(text, at - back); back++) {
        if (back < backMin || !startsAlone(text, at - back)) continue;
        pattern.lastIndex = at - back;
        const length = pattern.exec(text)?.[0].length ?? 0;
        if (length > back) return { from: at - back, to: at - back + length, sure: true };
      }
      return undefined;
    },
  };
}

/** Not in the middle of a word; what an escape stands for (`\n`, `%3D`) counts as what it stands for. */
export function startsAlone(text: string, at: number): boolean {
  if (at === 0 || !isWordCharacter(text.charCodeAt(at - 1))) return true;
  if (text[at - 2] !== '\\' && text[at - 3] !== '%' && text[at - 6] !== '\\') return false;
  return /\\[nrtbf]$|%[0-9A-Fa-f]{2}$|\\u[0-9A-Fa-f]{4}$/.test(text.slice(Math.max(0, at - 6), at));
}

/** Of letters, digits and `_`: as a code unit, because this is asked a million times. */
function isWordCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
  );
}

function isTokenCharacter(text: string, at: number): boolean {
  const code = at < 0 ? 0 : text.charCodeAt(at);
  return isWordCharacter(code) || code === 45 || code === 126 || code === 46;
}
