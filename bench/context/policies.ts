import type { FlashItem } from '../../src/context-entry.ts';
import { cutPieces } from '../../src/context/pieces.ts';
import { isCuttable, stretchesOf } from '../../src/context/stretches.ts';
import { admitItems } from '../../src/context/flash-item.ts';
import { protectedItems } from '../../src/context/protect.ts';
import type { Ranking } from '../../src/context/weights.ts';
import { readItem, union } from './needs.ts';
import { linesOf, shownText, termsOf } from './terms.ts';
import type { Answer } from './measure.ts';
import type { SessionItem } from './sessions.ts';

/** A way to choose what leaves; `needed` is what only an oracle may look at. */
export type Policy = (items: readonly SessionItem[], options: PolicyOptions) => Answer;

export interface PolicyOptions {
  readonly targetReduction: number;
  readonly now: number;
  readonly count: (text: string) => number;
  /** Fitted without the repository that is measured; absent where there is only one. */
  readonly ranking?: Ranking | undefined;
  readonly needed: { readonly terms: Set<string>; readonly lines: Set<string> };
}

interface Part {
  readonly item: number;
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/** Random pieces, the same ones in each run. */
export const chance: Policy = (items, options) => byOrder({ items, options }, (parts) => shuffled(parts));

/** The newest stay: the oldest pieces leave first. */
export const newestFirst: Policy = (items, options) => byOrder({ items, options }, (parts) => [...parts]);

/** Least recently referenced pieces first, each with a stub of up to `names` of its names: the best known rule. */
export const leastRecentlyReferenced =
  (names: number): Policy =>
  (items, options) => {
    const last = lastReferences(items);
    const stub = (part: Part): string => {
      const item = items[part.item] as SessionItem;
      const terms = [...termsOf(shownText('', item.text.slice(part.from, part.to)))].slice(0, names);
      return `[archived ${part.item}.${part.from}: ${terms.join(' ')}]`;
    };
    const rank = (part: Part): number => {
      const item = items[part.item] as SessionItem;
      let newest = item.step;
      for (const term of termsOf(item.text.slice(part.from, part.to)))
        newest = Math.max(newest, last.get(term) ?? 0);
      return newest;
    };
    const ranked = (parts: readonly Part[]): Part[] =>
      parts
        .map((part) => ({ part, rank: rank(part) }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ part }) => part);
    return byOrder({ items, options }, ranked, stub);
  };

/** Every tool output but the newest `keep` is cleared, whatever the target. */
export const keepLastOutputs =
  (keep: number): Policy =>
  (items) => {
    const outputs = items.flatMap((item, index) => (item.kind === 'result' ? [index] : []));
    const cleared = new Set(outputs.slice(0, Math.max(0, outputs.length - keep)));
    return {
      prompt: items.map((item, index) => ({
        id: item.id,
        text: cleared.has(index) ? '[cleared]' : item.text,
      })),
    };
  };

/** The reference's formula as a ranking: 0.4 kind + 0.4 age in days + 0.2 access, items whole, lowest first. */
export const referenceRule: Policy = (items, options) => {
  const kindWorth: Record<string, number> = {
    user: 0.8,
    assistant: 0.6,
    call: 0.6,
    result: 0.7,
    summary: 0.9,
  };
  const at = (item: SessionItem): number => Date.parse(String(item.at ?? '')) || 0;
  const newest = Math.max(...items.map(at));
  const worth = (part: Part): number => {
    const item = items[part.item] as SessionItem;
    const kind = item.isError === true ? 0.7 : (kindWorth[item.kind] ?? 0.5);
    return 0.4 * kind + 0.4 * Math.exp((-0.5 * (newest - at(item))) / 86_400_000);
  };
  return byOrder({ items, options }, (parts) =>
    parts.toSorted((a, b) => worth(a) - worth(b) || a.item - b.item),
  );
};

/** Knows the future: one holder of each need that nothing kept shows leaves last. */
export const oracle: Policy = (items, options) => {
  const kept = protectedItems(admitItems(items));
  const shown = union(
    items.filter((item, index) => kept[index] === true || item.tokens < LEAST_TOKENS).map(readItem),
  );
  const open = {
    terms: new Set([...options.needed.terms].filter((term) => !shown.terms.has(term))),
    lines: new Set([...options.needed.lines].filter((line) => !shown.lines.has(line))),
  };
  const holds = (part: Part): boolean => {
    const item = items[part.item] as SessionItem;
    const raw = item.text.slice(part.from, part.to);
    const text = item.kind === 'call' ? unescaped(raw) : raw;
    const terms = [...termsOf(text)].filter((term) => open.terms.delete(term));
    const lines = [...linesOf(text)].filter((line) => open.lines.delete(line));
    return terms.length + lines.length > 0;
  };
  return byOrder({ items, options }, (parts) => {
    const needed = new Set(parts.toReversed().filter(holds));
    return [...parts.filter((part) => !needed.has(part)), ...parts.filter((part) => needed.has(part))];
  });
};

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

const LEAST_TOKENS = 40;

/** Removes parts in an order until the target is met, net of the stubs. */
function byOrder(
  { items, options }: { items: readonly SessionItem[]; options: PolicyOptions },
  order: (parts: readonly Part[]) => Part[],
  stub: (part: Part) => string = (part) => `[archived ${part.item}.${part.from}]`,
): Answer {
  let goal = items.reduce((sum, item) => sum + item.tokens, 0) * options.targetReduction;
  const gone = new Map<number, { part: Part; stub: string }[]>();
  for (const part of order(partsOf(items))) {
    if (goal <= 0) break;
    const text = stub(part);
    goal -= part.tokens - options.count(text);
    gone.set(part.item, [...(gone.get(part.item) ?? []), { part, stub: text }]);
  }
  return {
    prompt: items.map((item, index) => ({ id: item.id, text: without(item, gone.get(index) ?? []) })),
  };
}

function without(item: FlashItem, gone: readonly { part: Part; stub: string }[]): string {
  let text = '';
  let from = 0;
  for (const { part, stub } of gone.toSorted((a, b) => a.part.from - b.part.from)) {
    text +=
      item.text.slice(from, part.from) +
      (item.kind === 'call' ? JSON.stringify(stub).slice(1, -1) : stub) +
      '\n'.repeat(item.kind === 'call' ? 0 : 1);
    from = part.to;
  }
  return text + item.text.slice(from);
}

function partsOf(items: readonly SessionItem[]): Part[] {
  const admitted = admitItems(items);
  const kept = protectedItems(admitted);
  return admitted.flatMap((item, index) => {
    if (kept[index] === true || item.tokens < LEAST_TOKENS) return [];
    return stretchesOf(item)
      .filter((stretch) => isCuttable(item, stretch))
      .flatMap((stretch) => cutPieces(item.text, stretch, 220))
      .map((piece) => ({ ...piece, item: index }));
  });
}

function lastReferences(items: readonly SessionItem[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const item of items) {
    if (item.kind === 'result') continue;
    for (const term of termsOf(shownText(item.kind, item.text))) last.set(term, item.step);
  }
  return last;
}

function shuffled(parts: readonly Part[]): Part[] {
  let seed = 12345;
  const next = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff);
  return parts
    .map((part) => ({ part, key: next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ part }) => part);
}
