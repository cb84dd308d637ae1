import type { ContextItemRow } from '../context/item.ts';
import { INSIST } from './agent-words.ts';
import { isSaid, openCalls } from './transcript.ts';

/**
 * What a model agent does next. Decided from its memory alone, so that a run which starts after a crash goes on
 * exactly where the memory ends.
 */
export type Move =
  | { readonly kind: 'introduce' }
  /** Calls of the last reply that have no result yet. */
  | { readonly kind: 'run-calls'; readonly calls: readonly ContextItemRow[] }
  /** It answered without a call and without finishing: ask once whether it is done. */
  | { readonly kind: 'insist' }
  | { readonly kind: 'ask-model' }
  | { readonly kind: 'done'; readonly summary: string };

export const FINISH_TOOL = 'finish_task';

export function nextMove(items: readonly ContextItemRow[], taskId: number): Move {
  const own = items.filter((item) => item.taskId === taskId);
  if (!own.some((item) => item.kind === 'task')) return { kind: 'introduce' };
  const open = openCalls(items).filter((call) => call.taskId === taskId);
  if (open.length > 0) return { kind: 'run-calls', calls: open };
  const last = own.at(-1);
  if (last?.kind === 'result') return afterResult(own, last);
  if (last && isSaid(last)) return afterText(own, last);
  return { kind: 'ask-model' };
}

/** Done when the reply whose calls were answered last finished the task; a note may stand between a call and its result. */
function afterResult(own: readonly ContextItemRow[], last: ContextItemRow): Move {
  const call = own.find((item) => item.kind === 'call' && item.callId === last.callId);
  const finish = own.find(
    (item) => item.kind === 'call' && item.tool === FINISH_TOOL && item.stepId === call?.stepId,
  );
  const result = own.find((item) => item.kind === 'result' && item.callId === finish?.callId);
  if (!finish || !result || result.isError) return { kind: 'ask-model' };
  return { kind: 'done', summary: summaryOf(finish.input) };
}

function afterText(own: readonly ContextItemRow[], last: ContextItemRow): Move {
  const reply = own.filter((item) => isSaid(item) && item.stepId === last.stepId);
  const before = own[own.indexOf(reply[0] ?? last) - 1];
  if (before?.kind !== 'user' || before.text !== INSIST) return { kind: 'insist' };
  const text = reply.filter((item) => item.kind === 'message').map((item) => item.text);
  return { kind: 'done', summary: text.join('\n').trim() };
}

/** The summary that a call of `finish_task` gives. */
export function summaryOf(input: unknown): string {
  if (typeof input !== 'object' || input === null || !('summary' in input)) return '';
  return typeof input.summary === 'string' ? input.summary.trim() : '';
}

/**
 * SHA-256 of a file as the prompt shows it: from the agent's last read or write of it that is still whole in the prompt.
 * What was archived no longer counts, so a guard never relies on something that the model does not see.
 */
export function seenHash(items: readonly ContextItemRow[], path: string): string | null {
  const last = items.findLast(
    (item) =>
      item.kind === 'result' && item.path === path && item.promptText === null && hashOf(item) !== null,
  );
  return last ? hashOf(last) : null;
}

function hashOf(item: ContextItemRow): string | null {
  const meta = item.meta;
  if (typeof meta !== 'object' || meta === null || !('sha256' in meta)) return null;
  return typeof meta.sha256 === 'string' ? meta.sha256 : null;
}
