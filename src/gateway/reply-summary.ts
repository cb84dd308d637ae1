import type { StepEnd } from '../agent/session.ts';
import type { FindPriced } from './prices.ts';
import type { ReplyFacts } from './wire.ts';

/** How a call came to its end, as far as the connection tells. */
export type CallEnd =
  /** All of the answer was passed on. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly facts: ReplyFacts;
      readonly isRead: boolean;
    }
  /** The provider could not be reached, or broke off. */
  | { readonly kind: 'broken'; readonly problem: string; readonly facts: ReplyFacts }
  /** By codeframe, or because the agent broke off. */
  | { readonly kind: 'cut'; readonly problem: string; readonly facts: ReplyFacts };

export interface CalledModel {
  /** As steps and costs name it. */
  readonly label: string;
  /** As the price table names it. */
  readonly priced: string;
  readonly recorded: boolean;
}

/** The end of a call's step: what became of it, and what it cost as far as the provider said. */
export function stepEndOf(end: CallEnd, model: CalledModel, find: FindPriced): StepEnd {
  const { usage } = end.facts;
  const cost =
    usage === null
      ? {}
      : {
          cost: {
            model: model.label,
            recorded: model.recorded,
            inputTokens: usage.inputTokens,
            cacheReadTokens: usage.cacheReadTokens,
            cacheWriteTokens: usage.cacheWriteTokens,
            outputTokens: usage.outputTokens,
            costUsd: costOf(usage, model, find),
          },
        };
  if (end.kind === 'cut')
    return { status: 'interrupted', outcome: { summary: end.problem, isError: true }, ...cost };
  const problem = problemOf(end);
  if (problem !== null) return { status: 'failed', outcome: { summary: problem, isError: true }, ...cost };
  return { status: 'completed', outcome: { summary: summaryOf(end.facts), isError: false }, ...cost };
}

function costOf(
  usage: NonNullable<ReplyFacts['usage']>,
  model: CalledModel,
  find: FindPriced,
): number | null {
  return model.recorded ? 0 : (find(model.priced)?.costOf(usage) ?? null);
}

function problemOf(end: Exclude<CallEnd, { readonly kind: 'cut' }>): string | null {
  if (end.kind === 'broken') return end.problem;
  if (end.status >= 400) return `the provider answered ${end.status}${detail(end.facts.problem)}`;
  if (end.facts.problem !== null) return `the provider reported: ${oneLine(end.facts.problem)}`;
  return end.isRead && !end.facts.isEnded ? 'the answer ended before it was complete' : null;
}

function detail(problem: string | null): string {
  return problem === null ? '' : `: ${oneLine(problem)}`;
}

function oneLine(problem: string): string {
  return problem.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

function summaryOf({ tools, usage }: ReplyFacts): string {
  const what = tools.length === 0 ? 'no calls' : `calls ${tools.join(', ')}`;
  return usage === null ? what : `${what}; ${usage.inputTokens} tokens in, ${usage.outputTokens} out`;
}
