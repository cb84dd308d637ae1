import type { Recalled } from '../context/recall.ts';
import type { AgentSession } from './session.ts';
import { toolError, type ToolResult } from './tool.ts';

/** What an agent asks its memory for: a piece by its id, `part` of a long one counted from 1, or pieces by words. */
export interface RecallAsked {
  readonly id: string | null;
  readonly words: string | null;
  readonly part: number;
}

/** How the answer is written for a kind of agent. */
export interface RecallWords {
  /** Characters of an answer to an id: what is longer comes in parts, for clients cut long results off. */
  readonly partMax: number;
  /** The line above a piece that is asked for by its id; null: none. `part`: null when it is whole. */
  readonly head: (
    piece: Recalled,
    part: { readonly at: number; readonly of: number } | null,
  ) => string | null;
  /** What else has the words, before the pieces. */
  readonly others?: (words: string) => Promise<readonly string[]>;
}

/** Tokens of an answer to words: a piece is wanted whole, a search brings what is likely. */
const wordsBudget = 2000;

/**
 * The answer is the only place where the piece then stands: its stub stays. To put it back in its old place would make the
 * provider read anew all that follows; the end of the prompt is new anyway.
 */
export async function answerRecall(
  session: AgentSession,
  asked: RecallAsked,
  words: RecallWords,
): Promise<ToolResult> {
  if (asked.id !== null) return answerById(session, { id: asked.id, part: asked.part }, words);
  if (asked.words === null) return toolError('recall needs an id or words.');
  const pieces = await session.recall({ text: asked.words, budget: wordsBudget, told: true });
  const others = (await words.others?.(asked.words)) ?? [];
  const found = [...others, ...pieces.map(foundText)];
  if (found.length === 0) return toolError('Nothing archived has these words.');
  return { text: found.join('\n\n'), isError: false };
}

async function answerById(
  session: AgentSession,
  { id, part }: { readonly id: string; readonly part: number },
  { partMax, head }: RecallWords,
): Promise<ToolResult> {
  const [piece] = await session.recall({ id, budget: Number.MAX_SAFE_INTEGER, told: true });
  if (piece === undefined) return toolError(`Nothing archived has the id ${id}.`);
  const parts = Math.max(1, Math.ceil(piece.text.length / partMax));
  if (part > parts) return toolError(`${id} has ${parts} parts.`);
  const line = head(piece, parts === 1 ? null : { at: part, of: parts });
  const shown = piece.text.slice((part - 1) * partMax, part * partMax);
  return { text: line === null ? shown : `[${line}]\n${shown}`, isError: false };
}

function foundText(piece: Recalled): string {
  const rest =
    piece.wholeTokens === null
      ? ''
      : `\n[this is a part; the whole has ${piece.wholeTokens} tokens: recall it by its id]`;
  return `[${pieceHead(piece)}]\n${piece.text}${rest}`;
}

/** What a piece is, in a line. */
export function pieceHead({ archiveId, kind, tool, path }: Recalled): string {
  return `${archiveId}, ${[kind, tool, path].filter((part) => part !== null).join(' ')}`;
}
