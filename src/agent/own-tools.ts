import type { Recalled } from '../context/recall.ts';
import type { ToolSpec } from './model.ts';
import { FINISH_TOOL, summaryOf } from './next-move.ts';
import type { AgentSession } from './session.ts';
import { toolError } from './tool.ts';
import type { ToolResult } from './tool.ts';

export const ASK_TOOL = 'ask_person';
export const RECALL_TOOL = 'recall';

/** The tools that act on the agent's own session instead of on the project. */
export const ownToolSpecs: readonly ToolSpec[] = [
  {
    name: RECALL_TOOL,
    description:
      'Bring back a piece of your memory that was archived: by the id that its stub names, or by words that it contains.',
    inputSchema: {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'The id in the stub.' },
        words: { type: 'string', description: 'Words that the piece contains.' },
        part: { type: 'number', description: 'Of a long piece, by its id: which part, from 1.' },
      },
      additionalProperties: false,
    },
  },
  {
    name: ASK_TOOL,
    description:
      'Ask a person something that only they can decide. Your task waits until they answer, so ask only when you cannot go on.',
    inputSchema: {
      type: 'object',
      properties: {
        question: { type: 'string', description: 'One question, with what is needed to answer it.' },
      },
      required: ['question'],
      additionalProperties: false,
    },
  },
  {
    name: FINISH_TOOL,
    description: 'Say that the task is done. Call it last and alone.',
    inputSchema: {
      type: 'object',
      properties: { summary: { type: 'string', description: 'What you did, in one to five sentences.' } },
      required: ['summary'],
      additionalProperties: false,
    },
  },
];

/** The question of an `ask_person` call; null when there is none in it. */
export function questionOf(input: unknown): string | null {
  return text(input, 'question');
}

/** What a call is about, for people. */
export function describeOwnCall(tool: string, input: unknown): string {
  const words =
    tool === FINISH_TOOL
      ? summaryOf(input)
      : (text(input, 'question') ?? text(input, 'id') ?? text(input, 'words'));
  return (words ?? '').slice(0, 200);
}

/** A task does not count as done by a model that has not seen yet how the rest of its own reply ended. */
export function finishResult(input: unknown, failedBefore: boolean): ToolResult {
  if (summaryOf(input) === '') return toolError('finish_task needs a summary: what did you do?');
  if (failedBefore) return toolError('Another call of this reply failed. Look at its result, then finish.');
  return { text: 'The task is finished.', isError: false };
}

/** Characters of an answer to an id, and tokens of one to words: a piece is wanted whole, a search brings what is likely. */
const PART_CHARACTERS = 24_000;
const WORDS_BUDGET = 2000;

/**
 * The answer is the only place where the piece then stands: its stub stays. To put it back in its old place would make the
 * provider read anew all that follows; the end of the prompt is new anyway.
 */
export async function recall(session: AgentSession, input: unknown): Promise<ToolResult> {
  const id = text(input, 'id');
  const words = text(input, 'words');
  if (id !== null) return recallById(session, id, partOf(input));
  if (words === null) return toolError('recall needs an id or words.');
  const pieces = await session.recall({ text: words, budget: WORDS_BUDGET, told: true });
  if (pieces.length === 0) return toolError('Nothing archived has these words.');
  return { text: pieces.map(foundText).join('\n\n'), isError: false };
}

async function recallById(session: AgentSession, id: string, part: number): Promise<ToolResult> {
  const [piece] = await session.recall({ id, budget: Number.MAX_SAFE_INTEGER, told: true });
  if (piece === undefined) return toolError(`Nothing archived has the id ${id}.`);
  const parts = Math.max(1, Math.ceil(piece.text.length / PART_CHARACTERS));
  if (part > parts) return toolError(`${id} has ${parts} parts.`);
  const head = parts === 1 ? headOf(piece) : `${headOf(piece)}, part ${part} of ${parts}`;
  const shown = piece.text.slice((part - 1) * PART_CHARACTERS, part * PART_CHARACTERS);
  return { text: `[${head}]\n${shown}`, isError: false };
}

function foundText(piece: Recalled): string {
  const rest =
    piece.wholeTokens === null
      ? ''
      : `\n[this is a part; the whole piece has ${piece.wholeTokens} tokens: recall it by its id]`;
  return `[${headOf(piece)}]\n${piece.text}${rest}`;
}

function headOf({ archiveId, kind, tool, path }: Recalled): string {
  return `${archiveId}, ${[kind, tool, path].filter((part) => part !== null).join(' ')}`;
}

function partOf(input: unknown): number {
  const part: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'part') : null;
  return typeof part === 'number' && part >= 1 ? Math.floor(part) : 1;
}

function text(input: unknown, key: string): string | null {
  if (typeof input !== 'object' || input === null) return null;
  const value: unknown = Reflect.get(input, key);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
