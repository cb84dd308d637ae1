import type { FlashSaved } from '../context/flash-save.ts';
import type { Recalled } from '../context/recall.ts';
import type { ContextLine, ContextStats, ContextView, TierExplanation } from '../context/views.ts';
import { indented, type Line } from './output.ts';
import { countWords, numberWords, timeWords } from './quantity-words.ts';
import { table } from './table.ts';

const noMemory = 'There is no memory yet: it grows while agents work.';

export function statsLines(stats: readonly ContextStats[]): readonly Line[] {
  if (stats.length === 0)
    return ['There are no agents yet: `codeframe agent add --help` shows how to add one.'];
  return [
    ...table(
      ['AGENT', 'PROMPT', 'WINDOW', 'HOT', 'WARM', 'COLD', 'ARCHIVED'],
      stats.map((one) => [
        one.agent,
        `${numberWords(one.promptTokens)} of ${numberWords(one.wholeTokens)} tokens`,
        windowWords(one),
        tierWords(one.tiers.HOT),
        tierWords(one.tiers.WARM),
        tierWords(one.tiers.COLD),
        countWords(one.piecesOut, 'piece'),
      ]),
    ),
    ...stats.map(lastSaveLine),
  ];
}

function windowWords({ windowTokens, windowShare }: ContextStats): string {
  if (windowTokens === null || windowShare === null) return 'not known';
  return `${shareWords(windowShare)} of ${numberWords(windowTokens)}`;
}

function tierWords({ items, promptTokens }: ContextStats['tiers']['HOT']): string {
  return `${countWords(items, 'item')}, ${numberWords(promptTokens)}`;
}

function lastSaveLine({ agent, lastSave }: ContextStats): string {
  if (lastSave === null) return `${agent} had no flash save yet.`;
  const { at, tokensBefore, tokensAfter, itemsArchived } = lastSave;
  return (
    `${agent} had its last flash save ${timeWords(at)}: ${countWords(itemsArchived, 'item')} archived, ` +
    `${numberWords(tokensBefore)} tokens before, ${numberWords(tokensAfter)} after.`
  );
}

function shareWords(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

export function itemTable(items: readonly ContextLine[]): readonly Line[] {
  if (items.length === 0) return [noMemory];
  return table(
    ['ID', 'AGENT', 'KIND', 'TIER', 'IMPORTANCE', 'TOKENS', 'ABOUT'],
    items.map((item) => [
      item.id,
      item.agent,
      item.kind,
      item.pinned ? `${item.tier}, pinned` : item.tier,
      item.importance.toFixed(2),
      tokenWords(item),
      item.about,
    ]),
  );
}

function tokenWords({ promptTokens, tokens }: Pick<ContextLine, 'promptTokens' | 'tokens'>): string {
  return promptTokens === tokens
    ? numberWords(tokens)
    : `${numberWords(promptTokens)} of ${numberWords(tokens)}`;
}

export function viewLines({ item, pieces }: ContextView): readonly Line[] {
  const subject = [item.kind, item.tool, item.path].filter((part) => part !== null).join(' ');
  return [
    [{ text: `Item ${item.id}`, style: 'bold' }, ` of ${item.agent}: ${subject}`],
    `It is ${item.tier}${item.pinned ? ' and pinned' : ''}; ${tokenWords(item)} tokens are in the prompt; ` +
      `made at step ${item.step}, recalled ${countWords(item.accessCount, 'time')}.`,
    ...pieces.map(
      ({ id, from, to, isOut }) =>
        `Characters ${numberWords(from)} to ${numberWords(to)} ${isOut ? 'are archived' : 'were archived, and are in the prompt'}: codeframe context recall --id ${id}`,
    ),
    ...indented(item.promptText ?? item.text),
  ];
}

export function explanationLines(why: TierExplanation): readonly Line[] {
  const { item, terms, importance, tier } = why;
  const weighed = (weight: number, term: number): string => (weight * term).toFixed(3);
  return [
    [
      { text: `Item ${item.id}`, style: 'bold' },
      ` of ${item.agent} is ${tier}: ${item.kind}${item.about === '' ? '' : `, ${item.about}`}`,
    ],
    ...table(
      ['TERM', 'VALUE', 'WEIGHT', 'GIVES', 'WHY'],
      [
        ['kind', terms.kind.toFixed(3), '0.4', weighed(0.4, terms.kind), item.kind],
        [
          'age',
          terms.age.toFixed(3),
          '0.4',
          weighed(0.4, terms.age),
          `${countWords(why.ageSteps, 'step')} ago`,
        ],
        ['access', terms.access.toFixed(3), '0.2', weighed(0.2, terms.access), 'how often it was recalled'],
      ],
    ),
    ...(why.superseded === null ? [] : [`Halved, because ${why.superseded}.`]),
    `Importance ${importance.toFixed(3)}; HOT is from 0.8, WARM from 0.4.`,
    ...(why.rule === null ? [] : [`It is ${tier} all the same, because ${why.rule}.`]),
  ];
}

export function recalledLines(pieces: readonly Recalled[]): readonly Line[] {
  if (pieces.length === 0) return ['Nothing that was archived has these words.'];
  return pieces.flatMap((piece, index) => {
    const subject = [piece.kind, piece.tool, piece.path].filter((part) => part !== null).join(' ');
    const head: Line = [
      { text: `Piece ${piece.archiveId}`, style: 'bold' },
      ` of ${piece.agent}: ${subject}`,
    ];
    const rest =
      piece.wholeTokens === null
        ? []
        : [
            `  … of ${countWords(piece.wholeTokens, 'token')}: codeframe context recall --id ${piece.archiveId}`,
          ];
    return [...(index === 0 ? [] : ['']), head, ...indented(piece.text.replace(/\n$/, '')), ...rest];
  });
}

export function savedLines(saved: readonly (FlashSaved & { readonly agent: string })[]): readonly Line[] {
  if (saved.length === 0) return [noMemory];
  return saved.map((one) => {
    if (one.tokensAfter === one.tokensBefore)
      return `Nothing of ${one.agent} was archived: its prompt has ${countWords(one.tokensBefore, 'token')}.`;
    const less = shareWords((one.tokensBefore - one.tokensAfter) / one.tokensBefore);
    return (
      `${one.agent}: ${countWords(one.itemsArchived, 'item')} archived, ${numberWords(one.tokensBefore)} tokens before, ` +
      `${numberWords(one.tokensAfter)} after (${less} less)` +
      `${one.unreached === null ? '' : `; ${one.unreached}`}.` +
      `${one.cacheWarm ? ' The provider had this prompt in its cache: the next call pays for all of it.' : ''}`
    );
  });
}
