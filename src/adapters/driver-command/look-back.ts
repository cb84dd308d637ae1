import type { Job, RunEnd } from '../../agent/driver.ts';
import type { StepRow } from '../../agent/step.ts';

export type LookBack =
  /** Run it; `repeats` is the step of a former run that was cut. */
  { readonly kind: 'go'; readonly repeats: string | null } | { readonly kind: 'end'; readonly end: RunEnd };

/** The outcome of a step that was cut before its program was started: nothing happened, so nothing has to be asked. */
export const wasNotStarted = 'stopped before the program was started';

/** What former runs of the task mean for this one. A run that must not be repeated by itself is asked about. */
export async function lookBack(job: Job): Promise<LookBack> {
  const steps = await job.session.interrupted();
  const cut = steps.findLast(({ kind, outcome }) => kind === 'run' && outcome?.summary !== wasNotStarted);
  if (cut === undefined) return { kind: 'go', repeats: null };
  if (cut.effect !== 'unsafe' && job.agent.settings.once !== true) return { kind: 'go', repeats: cut.id };
  const question = questionAbout(cut);
  switch (await answerTo(job, question)) {
    case 'yes':
      return { kind: 'go', repeats: cut.id };
    case 'no':
      return { kind: 'end', end: await leave(job, cut) };
    case null:
      return { kind: 'end', end: await ask(job, question) };
  }
}

/** Names the step, so that an answer is never taken for one about another run. */
function questionAbout(cut: StepRow): string {
  return `The run of ${cut.name} was cut (step ${cut.id}); run it again? yes or no`;
}

async function answerTo(job: Job, question: string): Promise<'yes' | 'no' | null> {
  const answers = await job.session.answers();
  const given = answers
    .findLast((answer) => answer.question === question)
    ?.answer.trim()
    .toLowerCase();
  if (given === undefined) return null;
  if (/^y(es)?\b/.test(given)) return 'yes';
  return /^no?\b/.test(given) ? 'no' : null;
}

async function ask(job: Job, question: string): Promise<RunEnd> {
  return { kind: 'waiting', blockerId: await job.session.ask(question, { kind: 'question' }) };
}

/** On record as a step, so that whoever retries the task after a no is taken at their word. */
async function leave(job: Job, cut: StepRow): Promise<RunEnd> {
  const problem = `the run of ${cut.name} was cut, and as you said it was not run again`;
  const step = await job.session.beginStep({
    kind: 'run',
    name: cut.name,
    effect: 'pure',
    intent: { summary: `not running ${cut.name} again` },
  });
  await job.session.endStep(step, { status: 'failed', outcome: { summary: problem, isError: true } });
  return { kind: 'failed', problem };
}
