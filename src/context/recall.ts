import type { Clock } from '../clock.ts';
import { recordEvent } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import type { Ids } from '../ids.ts';
import type { WriteTransaction } from '../store/store.ts';
import { plainWords } from '../store/words.ts';
import type { ArchiveRow } from './archive.ts';
import { digest, isOut } from './change-items.ts';
import { excerptOf } from './excerpt.ts';
import type { ContextItemRow } from './item.ts';
import { shownText } from './shown-text.ts';
import { firstImportance } from './tier-items.ts';
import type { TokenCounter } from './tokens.ts';

export interface RecallPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly actor: string;
  readonly tokens: TokenCounter;
}

/** What is looked for: a piece by the id in its stub, or the pieces that fit some words best. */
export type RecallQuery = (
  | { readonly id: string; /** Absent: the whole piece. */ readonly budget?: number }
  | { readonly text: string; readonly budget: number }
) & {
  /** Whose memory; absent: everybody's. */
  readonly agent?: string;
  /** The prompt stays as it is: what is answered is added to it by itself. */
  readonly told?: boolean;
};

/** A piece that was archived. */
export interface Recalled {
  readonly archiveId: string;
  readonly itemId: string;
  readonly agent: string;
  readonly kind: string;
  readonly tool: string | null;
  readonly path: string | null;
  /** All of the piece, byte for byte, or what the budget allows of it. */
  readonly text: string;
  /** Of the whole piece, when `text` is not all of it; null: it is. */
  readonly wholeTokens: number | null;
}

/**
 * Answers pieces within a budget of tokens, best first, and gives them back to the prompt: each stands in its place
 * again, and its item is HOT. A piece of which the budget allows a part alone is only put back when it was asked for by
 * its id. Throws `corrupt-database` when a piece is not what was archived.
 */
export async function recall(
  tx: WriteTransaction,
  ports: RecallPorts,
  query: RecallQuery,
): Promise<readonly Recalled[]> {
  if ('id' in query) return recallById(tx, ports, query);
  const answered: Recalled[] = [];
  let left = query.budget;
  for await (const piece of piecesWith(tx, query)) {
    const whole = wholeText(piece);
    const tokens = ports.tokens.count(whole);
    if (tokens <= left) {
      await use(tx, ports, { ...piece, told: query.told });
      answered.push(recalled(piece, whole, null));
    } else if (left >= leastExcerpt) {
      const words = plainWords(query.text);
      answered.push(recalled(piece, excerptOf(whole, { words, budget: left, tokens: ports.tokens }), tokens));
    }
    left -= tokens;
    if (left < leastExcerpt) break;
  }
  return answered;
}

/** Less than this is no answer. */
const leastExcerpt = 40;

async function recallById(
  tx: WriteTransaction,
  ports: RecallPorts,
  query: { readonly id: string; readonly budget?: number; readonly agent?: string; readonly told?: boolean },
): Promise<readonly Recalled[]> {
  const row = await tx.get('archives', query.id);
  if (row === undefined || (query.agent !== undefined && row.agent !== query.agent)) return [];
  // By the id alone: with the agent as well, SQLite reads all that the agent has.
  const [item] = await tx.list('context_items', { where: { id: row.itemId } });
  if (item === undefined) throw missingItem(row);
  const piece = { row, item };
  const whole = wholeText(piece);
  await use(tx, ports, { ...piece, told: query.told });
  const tokens = ports.tokens.count(whole);
  if (query.budget === undefined || tokens <= query.budget) return [recalled(piece, whole, null)];
  const text = excerptOf(whole, { words: [], budget: query.budget, tokens: ports.tokens });
  return [recalled(piece, text, tokens)];
}

interface Piece {
  readonly row: ArchiveRow;
  readonly item: ContextItemRow;
}

/** Items by how well they fit, of each its pieces by how many of the words they have; first what has all words. */
async function* piecesWith(
  tx: WriteTransaction,
  query: { readonly text: string; readonly agent?: string },
): AsyncGenerator<Piece> {
  const where = query.agent === undefined ? {} : { agent: query.agent };
  const archived = new Set((await tx.pick('archives', ['itemId'], { where })).map(({ itemId }) => itemId));
  if (archived.size === 0) return;
  const words = [...new Set(plainWords(query.text))];
  const seen = new Set<string>();
  for (const any of [false, true]) {
    for (const { key } of await tx.search('context_items', { text: query.text, any, where })) {
      const item = await tx.get('context_items', ...key);
      if (item === undefined || !archived.has(item.id) || seen.has(item.id)) continue;
      seen.add(item.id);
      yield* bestPieces(await tx.list('archives', { where: { itemId: item.id } }), { item, words });
    }
  }
}

function bestPieces(
  rows: readonly ArchiveRow[],
  sought: { readonly item: ContextItemRow; readonly words: readonly string[] },
): readonly Piece[] {
  const { item, words } = sought;
  const ranked = rows
    .map((row) => ({ row, hits: hitsIn(item.text.slice(row.from, row.to), words) }))
    .filter(({ hits }) => hits > 0)
    // Where pieces of several saves overlap, the one that is out now stands for them.
    .toSorted(
      (a, b) => b.hits - a.hits || Number(isOut(b.row)) - Number(isOut(a.row)) || a.row.from - b.row.from,
    );
  const taken: ArchiveRow[] = [];
  for (const { row } of ranked) {
    if (!taken.some((other) => row.from < other.to && other.from < row.to)) taken.push(row);
  }
  return taken.map((row) => ({ row, item }));
}

function hitsIn(text: string, words: readonly string[]): number {
  const having = new Set(plainWords(text));
  return words.filter((word) => having.has(word)).length;
}

function wholeText({ row, item }: Piece): string {
  const text = item.text.slice(row.from, row.to);
  if (digest(text) === row.sha256) return text;
  throw new CodeframeError({
    code: 'corrupt-database',
    path: 'state.db',
    problem: `the archived piece ${row.id} is not what was archived`,
    backups: [],
  });
}

function missingItem(row: ArchiveRow): CodeframeError {
  const problem = `the item ${row.itemId} of the archived piece ${row.id} is missing`;
  return new CodeframeError({ code: 'corrupt-database', path: 'state.db', problem, backups: [] });
}

function recalled({ row, item }: Piece, text: string, wholeTokens: number | null): Recalled {
  const { agent, kind, tool, path } = item;
  return { archiveId: row.id, itemId: item.id, agent, kind, tool, path, text, wholeTokens };
}

/** The item counts as used; without `told` the piece stands in the prompt again. */
function use(
  tx: WriteTransaction,
  ports: RecallPorts,
  { row, item, told }: Piece & { readonly told: boolean | undefined },
): Promise<void> {
  return told === true ? countUse(tx, ports, { row, item }) : putBack(tx, ports, { row, item });
}

async function countUse(tx: WriteTransaction, ports: RecallPorts, { row, item }: Piece): Promise<void> {
  await tx.update('archives', { key: [row.id], set: { recalledAt: ports.clock.now() } });
  const now = (await tx.get('context_items', item.agent, item.seq)) ?? item;
  const lastUsedStep = (await tx.get('agents', item.agent))?.stepCount ?? item.lastUsedStep;
  const used = { accessCount: now.accessCount + 1, lastUsedStep };
  const set = { ...used, tier: 'HOT' as const, importance: firstImportance({ ...now, ...used }) };
  await tx.update('context_items', { key: [item.agent, item.seq], set });
  await recordEvent(tx, ports, { type: 'item-recalled', data: { agent: item.agent, archiveId: row.id } });
}

/** The piece stands in the prompt again, with whatever else the stubs over it had taken; the item counts as used. */
async function putBack(tx: WriteTransaction, ports: RecallPorts, { row, item }: Piece): Promise<void> {
  const rows = await tx.list('archives', { where: { itemId: item.id } });
  const over = rows.filter((one) => isOut(one) && one.from < row.to && row.from < one.to);
  const recalledAt = ports.clock.now();
  for (const id of new Set([row.id, ...over.map((one) => one.id)])) {
    await tx.update('archives', { key: [id], set: { recalledAt, stub: null } });
  }
  const out = rows.filter(isOut).filter((one) => !over.includes(one) && one.id !== row.id);
  // A former piece of the same item may have been put back a moment ago.
  const now = (await tx.get('context_items', item.agent, item.seq)) ?? item;
  const promptText = shownText(item.text, out);
  const used = {
    promptText,
    promptTokens: promptText === null ? item.tokens : ports.tokens.count(promptText),
    accessCount: now.accessCount + 1,
    lastUsedStep: (await tx.get('agents', item.agent))?.stepCount ?? item.lastUsedStep,
  };
  await tx.update('context_items', {
    key: [item.agent, item.seq],
    set: { ...used, tier: 'HOT', importance: firstImportance({ ...item, ...used }) },
  });
  await recordEvent(tx, ports, { type: 'item-recalled', data: { agent: item.agent, archiveId: row.id } });
}
