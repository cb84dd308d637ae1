import { assignmentRules } from './assignment-rules.ts';
import { keyRules } from './key-rules.ts';
import { formsOf, type KnownForm, type KnownValue } from './known-values.ts';
import { createLiteralSearch } from './literal-search.ts';
import { placeRules } from './place-rules.ts';
import { placeholdersIn } from './placeholder.ts';
import { mergeRanges, outside, type SecretRange } from './secret-range.ts';
import { startsAlone, type SecretRule } from './secret-rule.ts';
import { tokenRules } from './token-rules.ts';

/** Another tool's rules, which take their time: asked only of texts in which a word starts with one of the anchors. */
export interface OtherRules {
  readonly anchors: readonly string[];
  find(text: string): readonly SecretRange[];
}

/** Finds the secrets of a text: sorted, none overlapping, none inside a placeholder. Its time is linear in the text's length. */
export type SecretFinder = (text: string) => readonly SecretRange[];

/** The rules that need nothing but the text. */
const rules: readonly SecretRule[] = [...tokenRules, ...keyRules, ...placeRules, ...assignmentRules];

/** As much of a known value as is searched for; the rest is compared. */
const anchorLength = 8;

/** Of a set of known values: the search has to be built anew when it grows. */
export function createSecretFinder(values: readonly KnownValue[], otherRules?: OtherRules): SecretFinder {
  const { anchors, meanings } = indexAnchors(formsOf(values), otherRules);
  const search = createLiteralSearch(anchors);
  return (text) => {
    const found: SecretRange[] = [];
    // Where the last secret of each rule ended: there is no second one of the same in it.
    const ends = new Map<Meaning, number>();
    let asksOthers = false;
    search.each(text, (anchor, at) => {
      for (const meaning of meanings[anchor] ?? []) {
        if (meaning.is === 'other') asksOthers ||= startsAlone(text, at);
        if (at < (ends.get(meaning) ?? 0)) continue;
        const range = rangeAt(text, at, meaning);
        if (range === undefined) continue;
        ends.set(meaning, range.to);
        found.push(range);
      }
    });
    if (asksOthers) found.push(...(otherRules?.find(text) ?? []));
    return found.length === 0 ? found : outside(mergeRanges(found), placeholdersIn(text));
  };
}

/** What it may mean that an anchor stands in a text. */
type Meaning =
  | { readonly is: 'rule'; readonly rule: SecretRule }
  | { readonly is: 'known'; readonly form: KnownForm }
  | { readonly is: 'other' };

interface AnchorIndex {
  readonly anchors: readonly string[];
  readonly meanings: readonly (readonly Meaning[])[];
}

function indexAnchors(forms: readonly KnownForm[], otherRules: OtherRules | undefined): AnchorIndex {
  const byAnchor = new Map<string, Meaning[]>();
  const add = (anchor: string, meaning: Meaning): void => {
    const folded = foldAscii(anchor);
    const known = byAnchor.get(folded);
    if (known === undefined) byAnchor.set(folded, [meaning]);
    else known.push(meaning);
  };
  for (const rule of rules) {
    const meaning: Meaning = { is: 'rule', rule };
    for (const anchor of rule.anchors) add(anchor, meaning);
  }
  for (const form of forms) add(form.text.slice(0, anchorLength), { is: 'known', form });
  for (const anchor of otherRules?.anchors ?? []) add(anchor, { is: 'other' });
  return { anchors: [...byAnchor.keys()], meanings: [...byAnchor.values()] };
}

/** As the search folds: one string an anchor, whatever its case. */
function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function rangeAt(text: string, at: number, meaning: Meaning): SecretRange | undefined {
  switch (meaning.is) {
    case 'rule':
      return ruledAt(text, at, meaning.rule);
    case 'known':
      return knownAt(text, at, meaning.form);
    case 'other':
      return undefined;
  }
}

/** Also where the text was cut off inside it. */
function knownAt(text: string, at: number, { kind, text: form }: KnownForm): SecretRange | undefined {
  const whole = text.startsWith(form, at);
  const to = whole ? at + form.length : text.length - (text.endsWith('…') ? 1 : 0);
  if (!whole && (to - at >= form.length || !form.startsWith(text.slice(at, to)))) return undefined;
  return { from: at, to, kind, rank: 3, sure: true };
}

function ruledAt(text: string, at: number, rule: SecretRule): SecretRange | undefined {
  const found = rule.find(text, at);
  return found === undefined || found.to <= found.from
    ? undefined
    : { ...found, kind: rule.kind, rank: rule.rank };
}
