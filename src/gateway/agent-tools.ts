import { answerRecall } from '../agent/answer-recall.ts';
import { toolError, type ToolResult } from '../agent/tool.ts';
import type { AgentSession } from '../agent/session.ts';
import { plainWords } from '../store/words.ts';

/** What an agent's own tools work on: its session, and what its driver asks the line. */
export interface AgentDesk {
  readonly session: AgentSession;
  /** What the agent told by `task_done`. */
  done: { readonly summary: string } | null;
  /** The blocker of its open question. */
  asked: string | null;
}

/** What is said of each tool to the agent. */
export const agentToolWords = {
  recall:
    'Bring back what codeframe archived from your context: by the id that a stub names ("[archived ID: …]"), or by words ' +
    'that it contains. Also finds what you wrote down with remember.',
  remember:
    'Write down something that has to outlast this conversation: a decision, a finding, what is left to do.',
  checkpoint:
    'Save the whole project (files, tasks, memory) as a checkpoint that it can be taken back to. Do so before something risky.',
  ask_human:
    'Ask a person something that only they can decide. End your turn after it: you go on when it is answered.',
  task_done: 'Say that your task is done. Call it last, then end your turn.',
} as const;

const notesMax = 10;

/** Pieces that were archived, or notes. `part` counts from 1. */
export function recallTool(
  { session }: AgentDesk,
  asked: {
    readonly id?: string | undefined;
    readonly words?: string | undefined;
    readonly part?: number | undefined;
  },
): Promise<ToolResult> {
  const given = { id: textOf(asked.id), words: textOf(asked.words), part: asked.part ?? 1 };
  return answerRecall(session, given, {
    partMax: 40_000,
    head: (_, part) => (part === null ? null : `part ${part.at} of ${part.of}`),
    others: (words) => notesWith(session, words),
  });
}

function textOf(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

async function notesWith(session: AgentSession, words: string): Promise<readonly string[]> {
  const wanted = plainWords(words);
  const notes = (await session.items()).filter(({ kind }) => kind === 'decision');
  return notes
    .filter(({ text }) => {
      const having = new Set(plainWords(text));
      return wanted.some((word) => having.has(word));
    })
    .slice(-notesMax)
    .map(({ text }) => `[you wrote down]\n${text}`);
}

export async function rememberTool(desk: AgentDesk, text: string): Promise<ToolResult> {
  if (text.trim() === '') return toolError('There is nothing to write down.');
  await desk.session.remember([{ kind: 'decision', text: text.trim() }]);
  return { text: 'Written down.', isError: false };
}

/** The answer when there is one by now; otherwise the question becomes a blocker, and the agent's turn is to end. */
export async function askTool(desk: AgentDesk, question: string): Promise<ToolResult> {
  const asked = question.trim();
  if (asked === '') return toolError('There is no question.');
  const answered = (await desk.session.answers()).findLast(
    ({ subject, question: before }) => subject.kind === 'question' && before === asked,
  );
  if (answered !== undefined) {
    if (desk.asked === answered.blockerId) desk.asked = null;
    return { text: `A person answered: ${answered.answer}`, isError: false };
  }
  desk.asked = await desk.session.ask(asked, { kind: 'question' });
  return {
    text: 'The question was put to a person. End your turn now and do nothing else: you go on when it is answered.',
    isError: false,
  };
}

export function doneTool(desk: AgentDesk, summary: string): ToolResult {
  if (summary.trim() === '') return toolError('task_done needs a summary: what did you do?');
  desk.done = { summary: summary.trim() };
  return { text: 'The task is done. End your turn now.', isError: false };
}

/** Clears the open question once it is answered. */
export async function lookForAnswer(desk: AgentDesk): Promise<void> {
  const { asked } = desk;
  if (asked === null) return;
  const answers = await desk.session.answers();
  if (desk.asked === asked && answers.some(({ blockerId }) => blockerId === asked)) desk.asked = null;
}
