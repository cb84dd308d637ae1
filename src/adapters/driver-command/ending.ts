import type { StopReport } from '../../agent/driver.ts';
import type { StepEnd } from '../../agent/session.ts';
import { exitWords, type ProcessExit } from '../group-process.ts';

/** A program that has ended, and what it was told before. */
export interface Ended {
  /** Its name, and the title of its task. */
  readonly program: string;
  readonly title: string;
  readonly exit: ProcessExit;
  /** The last line of its standard output; null when it said nothing. */
  readonly said: string | null;
  /** The last lines of all its output. */
  readonly lastLines: readonly string[];
  /** Whether it was asked to stop, and whether it was killed, before it ended. */
  readonly asked: boolean;
  readonly killed: boolean;
}

export type Verdict =
  | { readonly kind: 'done'; readonly summary: string }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'stopped'; readonly how: StopReport['how'] };

/**
 * What the end of a program says of its task. Exit code 0 is done, also as the answer to SIGTERM: a program that wants
 * to be started again after a pause ends in another way. Pure.
 */
export function judge(ended: Ended): Verdict {
  const { exit } = ended;
  if (exit.kind === 'code' && exit.code === 0)
    return { kind: 'done', summary: ended.said ?? ended.lastLines.at(-1) ?? ended.title };
  if (exit.kind !== 'not-started' && ended.asked)
    return { kind: 'stopped', how: ended.killed ? 'killed' : 'terminated' };
  const said = ended.lastLines.join(' | ');
  const problem = `${ended.program} ${exitWords(exit)}`;
  return { kind: 'failed', problem: said === '' ? problem : `${problem}: ${said}` };
}

/** How the step of a verdict ends; `output` becomes a piece of the agent's memory. Pure. */
export function stepEndOf(verdict: Verdict, output: string): StepEnd {
  const isError = verdict.kind !== 'done';
  const items = output === '' ? [] : [{ kind: 'result' as const, text: output, isError }];
  switch (verdict.kind) {
    case 'done':
      return { status: 'completed', outcome: { summary: verdict.summary, isError }, items };
    case 'failed':
      return { status: 'failed', outcome: { summary: verdict.problem, isError }, items };
    case 'stopped': {
      const summary = `${verdict.how} by a stop; how far it came is not known`;
      return { status: 'interrupted', outcome: { summary, isError }, items };
    }
  }
}
