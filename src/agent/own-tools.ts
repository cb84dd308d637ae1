import { answerRecall, pieceHead, type RecallWords } from './answer-recall.ts';
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

const recallWords: RecallWords = {
  partMax: 24_000,
  head: (piece, part) =>
    part === null ? pieceHead(piece) : `${pieceHead(piece)}, part ${part.at} of ${part.of}`,
};

/** The answer to a `recall` call. */
export function recall(session: AgentSession, input: unknown): Promise<ToolResult> {
  const asked = { id: text(input, 'id'), words: text(input, 'words'), part: partOf(input) };
  return answerRecall(session, asked, recallWords);
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
