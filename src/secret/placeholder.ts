/** What stands in the place of a secret: `[secret:github-token:3f9a1c07b2d4]`. */
export function placeholderFor(kind: string, fingerprint: string): string {
  return `[secret:${kind}:${fingerprint}]`;
}

/** Hexadecimal digits of a fingerprint: with 48 bits, a thousand secrets share none in 500 million projects. */
export const fingerprintLength = 12;

const mark = '[secret:';
const pattern = /\[secret:([a-z0-9][a-z0-9._-]{0,80}):([0-9a-f]{12})\]/g;

export interface Placeholder {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Those in a text, in order. */
export function placeholdersIn(text: string): readonly Placeholder[] {
  if (!text.includes(mark)) return [];
  return [...text.matchAll(pattern)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
    text: match[0],
  }));
}

/** The text with each placeholder replaced by what `secretOf` says it stands for, where it says so. */
export function replacePlaceholders(
  text: string,
  secretOf: (placeholder: string) => string | undefined,
): string {
  if (!text.includes(mark)) return text;
  return text.replace(pattern, (placeholder) => secretOf(placeholder) ?? placeholder);
}

/** A kind as it stands in a placeholder. */
export function kindName(words: string): string {
  const name = words.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return name.replace(/^-|-$/g, '').slice(0, 60) || 'secret';
}
