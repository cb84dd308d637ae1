/** The words of a text as a search sees them: runs of letters and digits. */
export function searchedWords(text: string): readonly string[] {
  return text.match(wordPattern) ?? [];
}

/** As `searchedWords`, in the form in which two words are the same: without accents, in small letters. */
export function plainWords(text: string): readonly string[] {
  return searchedWords(text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase());
}

const wordPattern = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;

/** A text as counts of its words. */
interface Counted<Row> {
  readonly row: Row;
  readonly counts: ReadonlyMap<string, number>;
  readonly length: number;
}

/** How often a word counts at most, and how much a long text is held against it: the usual constants of BM25. */
const k1 = 1.2;
const b = 0.75;

/** The rows whose texts have the words, best first by BM25; equals stay in the order in which they came. */
export function rankByWords<Row>(
  rows: readonly Row[],
  search: { readonly textOf: (row: Row) => string; readonly text: string; readonly any: boolean },
): readonly { readonly row: Row; readonly score: number }[] {
  const wanted = [...new Set(plainWords(search.text))];
  if (wanted.length === 0) return [];
  const texts = rows.map((row) => counted(row, search.textOf(row)));
  const mean = texts.reduce((sum, { length }) => sum + length, 0) / Math.max(1, texts.length);
  const rarity = new Map(wanted.map((word) => [word, rarityOf(word, texts)]));
  const scoreOf = ({ counts, length }: Counted<Row>): number =>
    wanted.reduce((sum, word) => {
      const count = counts.get(word) ?? 0;
      const weight = (count * (k1 + 1)) / (count + k1 * (1 - b + (b * length) / Math.max(1, mean)));
      return sum + (rarity.get(word) ?? 0) * weight;
    }, 0);
  const fits = ({ counts }: Counted<Row>): boolean =>
    search.any ? wanted.some((word) => counts.has(word)) : wanted.every((word) => counts.has(word));
  return texts
    .filter(fits)
    .map((text) => ({ row: text.row, score: scoreOf(text) }))
    .toSorted((one, other) => other.score - one.score);
}

function counted<Row>(row: Row, text: string): Counted<Row> {
  const words = plainWords(text);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { row, counts, length: words.length };
}

/** As SQLite has it: a word that stands in more than half of the texts counts next to nothing, and never less. */
function rarityOf<Row>(word: string, texts: readonly Counted<Row>[]): number {
  const having = texts.filter(({ counts }) => counts.has(word)).length;
  return Math.max(1e-6, Math.log((texts.length - having + 0.5) / (having + 0.5)));
}
