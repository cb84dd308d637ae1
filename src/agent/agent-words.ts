import type { TaskRow } from '../task/task.ts';
import type { AgentRow } from './agent.ts';
import type { StepRow } from './step.ts';

/** Said once to a model that stops without a word about whether it is done. */
export const INSIST =
  '[codeframe] You ended your reply without a tool call. If the task is done, call finish_task with a summary. If not, go on with the next tool call.';

/** Said to a model whose reply hit the length limit. */
export const TOO_LONG =
  '[codeframe] Your reply was cut off at the length limit. Go on from there, in smaller pieces.';

/** What an agent is, for the model; the same in every call, so that the provider's cache holds. */
export function instructionsFor(agent: AgentRow): string {
  const role = agent.role === '' ? '' : ` Your role: ${agent.role}.`;
  return [
    `You are ${agent.name}, a coding agent that codeframe runs on a project.${role}`,
    'You work through tools, in the project directory; paths are relative to it. Other agents and people may change files while you work: read a file before you change it.',
    'Commands that no rule allows are put to a person first. Ask a person only what you cannot find out yourself.',
    'You may be paused at any moment and go on later; messages that start with [codeframe] tell you of it. Text that a stub replaces can be brought back with recall.',
    'Text like [secret:KIND:ID] stands in your memory for a secret, which is kept out of what is stored. Use it as it stands: the secret is put back before a tool runs. Where that cannot be, you are told, and read the secret again where it came from.',
    'When the task is done, call finish_task with a short summary of what you did.',
  ].join('\n');
}

export function taskText(task: TaskRow): string {
  const head = `Task ${task.id}: ${task.title}`;
  return task.details.trim() === '' ? head : `${head}\n\n${task.details}`;
}

/** Said to an agent whose prompt was cut because the model's window was nearly full. */
export function cutMemoryText(saved: {
  readonly tokensBefore: number;
  readonly tokensAfter: number;
}): string {
  const freed = Math.round((100 * (saved.tokensBefore - saved.tokensAfter)) / saved.tokensBefore);
  return `[codeframe] The conversation was near the model's limit: ${freed} % of it was archived. Where you see [archived ID: …], recall with that id, or with words, brings the text back. What you were told and decided still holds; go on with the next step.`;
}

/** The first thing that an agent hears when it goes on: what was cut, what may have half happened, what is next. */
export function continueText(task: TaskRow, cut: readonly StepRow[], hasStubs = false): string {
  const underWay =
    cut.length === 0
      ? 'No step was under way then.'
      : `These steps were under way and may have happened, in part or not at all: ${cut.map(stepWords).join('; ')}.`;
  return [
    `[codeframe] Your work on task ${task.id} was stopped and now goes on. ${underWay}`,
    'Files may have been changed meanwhile by a person or another agent: read again what you rely on.',
    ...(hasStubs
      ? [
          'Parts of the conversation are archived: where you see [archived ID: …], recall brings the text back.',
        ]
      : []),
    `What is next: ${cut.length === 0 ? '' : 'check what the interrupted steps left, then '}take the next step of task ${task.id} ("${task.title}"), and call finish_task when it is done.`,
  ].join('\n');
}

function stepWords(step: StepRow): string {
  return step.kind === 'model'
    ? 'a call of the model (nothing of it is kept)'
    : `${step.name} ${step.intent.summary}`;
}

/** What the answer to a call that was cut says. */
export function cutText(tool: string): string {
  return `[interrupted: ${tool} was stopped while it ran. It may have happened, in part or not at all: check before you go on.]`;
}

/** What the answer to a call says whose input names a secret that nobody has any more. */
export function lostSecretText(placeholder: string): string {
  return `[not run: ${placeholder} stands for a secret that was read before this run began, and secrets are not stored. Read it again where it came from (a file, a variable), then call again.]`;
}

/** What the answer to a call says that was to come after one that was cut. */
export const NOT_RUN =
  '[not run: an earlier call of the same reply was interrupted. Check what it left, then call again what is still needed.]';
