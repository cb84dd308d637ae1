import type { ContextItemRow } from '../context/item.ts';
import type { TaskRow } from '../task/task.ts';
import type { HomeRow } from './home.ts';

/** What an agent that others wrote is told when it is given a task, or goes on with one. */
export interface PromptParts {
  readonly task: Pick<TaskRow, 'id' | 'title' | 'details'>;
  /** As its last turn left it; null before the first. */
  readonly home: HomeRow | null;
  /** Why it cannot go on with its own session: it gets a new one and a handoff. Null when it can. */
  readonly lost: string | null;
  readonly memory: readonly ContextItemRow[];
  readonly answers: readonly { readonly question: string; readonly answer: string }[];
  /** What changed in the files since it stopped; null when that is not known. */
  readonly changes: readonly { readonly path: string; readonly change: string }[] | null;
  /** It has codeframe's tools. */
  readonly hasTools: boolean;
}

const listedMax = 40;
const handoffLengthMax = 12_000;
const excerptMax = 1_500;

/** The words of the first prompt. Pure. */
export function firstPrompt(parts: PromptParts): string {
  const { task, home, lost } = parts;
  const isContinued = home !== null && home.taskId === task.id && home.turn !== 'ended';
  const paragraphs =
    lost !== null && home !== null
      ? [
          handoff(parts, lost),
          ...(isContinued ? [interruption(parts), changesOf(parts)] : []),
          answersOf(parts),
          `${isContinued ? 'Go on with your task' : 'Your task'}:\n${theTask(parts)}`,
        ]
      : isContinued
        ? [
            interruption(parts),
            changesOf(parts),
            answersOf(parts),
            `Go on with your task:\n${theTask(parts)}`,
          ]
        : [answersOf(parts), theTask(parts)];
  return [...paragraphs, howToEnd(parts)].filter((text) => text !== '').join('\n\n');
}

function theTask({ task }: PromptParts): string {
  return task.details.trim() === '' ? task.title : `${task.title}\n\n${task.details}`;
}

function howToEnd({ hasTools }: PromptParts): string {
  return hasTools
    ? 'When the task is done, call `task_done` of the MCP server codeframe with a summary of one or two sentences, then end your turn. What only a person can answer, ask with `ask_human`, then end your turn.'
    : 'When the task is done, end your turn with one or two sentences that say what you did.';
}

type LeftTurn = Exclude<HomeRow['turn'], 'ended'>;

const unknownResult =
  'Every tool call whose result is in your history has happened; one without a result may have happened in part: look before you repeat it.';

/** To one who goes on with the session. */
const interruptions: Readonly<Record<LeftTurn, string>> = {
  held: 'You were paused and go on now, in a new process. Nothing was cut: every tool call had ended, and its result is in your history. Do not repeat what is done.',
  asking:
    'You were paused where you asked whether you may do something, and go on now, in a new process. That call was not run, whatever your history says of it; every other tool call had ended, and its result is in your history. If it is still to be done, make the call again.',
  cut: `You were stopped in the middle of a reply and go on now, in a new process. ${unknownResult}`,
  'cut-in-tool':
    'You were stopped in the middle of a tool call and go on now, in a new process. The last call of your history was interrupted, and so were others that ran beside it: each may have happened in whole, in part or not at all, so look before you repeat it.',
  open: `You were stopped without warning and go on now, in a new process. ${unknownResult}`,
};

const unknownCall =
  'the last tool call may have happened in whole, in part or not at all. Look at the files before you go on.';

/** To one who has no history of it. */
const formerInterruptions: Readonly<Record<LeftTurn, string>> = {
  held: 'In it you were paused; nothing was cut: every tool call had ended.',
  asking:
    'In it you were paused where you asked whether you may do something. That call was not run; every other tool call had ended.',
  cut: `In it you were stopped in the middle of a reply: ${unknownCall}`,
  'cut-in-tool': `In it you were stopped in the middle of a tool call: ${unknownCall}`,
  open: `In it you were stopped without warning: ${unknownCall}`,
};

/** A turn that an older or a newer codeframe wrote down may have another name. */
function interruption({ home, lost }: PromptParts): string {
  const words = lost === null ? interruptions : formerInterruptions;
  return words[home?.turn as LeftTurn] ?? words.open;
}

function changesOf({ changes }: PromptParts): string {
  if (changes === null) return '';
  if (changes.length === 0) return 'No file of the project has changed since you stopped.';
  const shown = changes.slice(0, listedMax).map(({ path, change }) => `- ${change} ${path}`);
  const more = changes.length - shown.length;
  const rest = more > 0 ? [`- and ${more} more`] : [];
  return `Since you stopped, others have changed these files; read them again before you rely on them:\n${[...shown, ...rest].join('\n')}`;
}

function answersOf({ answers }: PromptParts): string {
  return answers.map(({ question, answer }) => `You asked: ${question}\nThe answer: ${answer}`).join('\n\n');
}

/** What is left of a session that cannot be loaded: what it was about, the newest first, and what can be recalled. */
function handoff({ memory, hasTools }: PromptParts, lost: string): string {
  const pieces: string[] = [];
  let length = 0;
  for (const item of memory.toReversed()) {
    if (item.tier === 'COLD' || item.kind === 'reasoning' || item.text.trim() === '') continue;
    const piece = `[${item.kind}${item.tool === null ? '' : ` ${item.tool}`}] ${excerpt(item.promptText ?? item.text, excerptMax)}`;
    length += piece.length;
    if (length > handoffLengthMax) break;
    pieces.unshift(piece);
  }
  const cold = memory.filter(({ tier }) => tier === 'COLD').slice(-listedMax);
  const index = cold.map(({ id, text }) => `- ${id}: ${excerpt(text, 80)}`);
  return [
    `Your earlier session could not be loaded (${lost}). This is what is known of it, oldest first:`,
    ...pieces,
    ...(index.length > 0 && hasTools ? ['More can be recalled with `recall`:', ...index] : []),
  ].join('\n');
}

function excerpt(text: string, max: number): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
