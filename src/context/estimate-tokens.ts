/**
 * Tokens of a text (or of a part of it) without a tokenizer, close to o200k_base: words, digits in threes, runs of signs and of
 * space. The shares are least squares over 4,500 stretches of 1,500 letters (code, logs, prose): off by 5 % of one stretch
 * on average, by less over a whole prompt.
 */
export function estimateTokens(text: string, from = 0, to = text.length): number {
  let tokens = 0;
  let before = SPACE;
  for (let at = from; at < to;) {
    const kind = kindOf(text.charCodeAt(at));
    const end = kind === SPACE ? endOfSpace(text, at, to) : endOfRun(text, { from: at, to }, kind);
    tokens +=
      kind === SPACE ? tokensOfSpace(text, { from: at, to: end }, before) : tokensOfRun(kind, end - at);
    before = kind;
    at = end;
  }
  return tokens;
}

const SIGNS = 0;
const SMALL = 1;
const CAPITAL = 2;
const DIGITS = 3;
const SPACE = 4;
/** Letters beyond ASCII, and arrows, frames and dashes. */
const WIDE = 5;
const WIDE_SIGNS = 6;

const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const sign = String.fromCharCode(code);
  if (/[a-z]/.test(sign)) return SMALL;
  if (/[A-Z]/.test(sign)) return CAPITAL;
  if (/\d/.test(sign)) return DIGITS;
  return code <= 32 ? SPACE : SIGNS;
});

function kindOf(code: number): number {
  if (code < 128) return KINDS[code] ?? WIDE;
  return code >= 0x2000 && code < 0x3040 ? WIDE_SIGNS : WIDE;
}

/** A run ends where the kind changes; capitals run on into small letters: `readFileSync` is three words. */
function endOfRun(text: string, range: { from: number; to: number }, kind: number): number {
  let at = range.from + 1;
  let now = kind;
  for (; at < range.to; at += 1) {
    const next = kindOf(text.charCodeAt(at));
    if (next !== now && !(now === CAPITAL && next === SMALL)) break;
    now = next;
  }
  return at;
}

function endOfSpace(text: string, from: number, to: number): number {
  let at = from + 1;
  while (at < to && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

const NEWLINE = 10;

/** A line end joins the signs before it, one space the word behind it; a longer indentation is a token of its own. */
function tokensOfSpace(text: string, run: { from: number; to: number }, before: number): number {
  let indent = run.to;
  while (indent > run.from && text.charCodeAt(indent - 1) !== NEWLINE) indent -= 1;
  const breaks = indent > run.from;
  const length = run.to - indent;
  const lineEnd = breaks ? (before === SIGNS ? 0.5 : 1.6) : 0;
  if (length === 0) return lineEnd;
  if (kindOf(text.charCodeAt(run.to)) === DIGITS) return lineEnd + (length === 1 ? 0.8 : 1.1);
  if (breaks) return lineEnd + (length === 1 ? 0 : 0.9);
  return length === 1 ? 0.22 : 1.5;
}

function tokensOfRun(kind: number, length: number): number {
  switch (kind) {
    case SMALL:
      return length <= 7 ? 0.75 : 0.75 + (length - 7) * 0.14;
    case CAPITAL:
      return length <= 7 ? 0.9 : 0.9 + (length - 7) * 0.08;
    case DIGITS:
      return 1.2 * Math.ceil(length / 3);
    case SIGNS:
      return length <= 2 ? 0.82 : 1.3 + length * 0.04;
    case WIDE_SIGNS:
      return 1 + length * 0.12;
    default:
      return length <= 2 ? 1 : length * 0.6;
  }
}
