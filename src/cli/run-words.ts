import type { ProjectHandle, RunSummary } from '../handle.ts';
import type { ExitCode } from '../exit-codes.ts';
import { isBudgetReason } from '../project/budget.ts';
import { blockerLines } from './blocker-words.ts';
import type { Line } from './output.ts';
import { countWords, listWords } from './quantity-words.ts';
import { stuckLines } from './stuck-words.ts';

/** The end of a run for people, with the questions and failures that are left and the command that leads on. */
export async function summaryLines(project: ProjectHandle, summary: RunSummary): Promise<readonly Line[]> {
  const { length } = await project.tasks();
  if (length === 0)
    return [
      `${project.name} has no tasks, so that nothing was to be done.`,
      'Next: codeframe task add "TITLE"',
    ];
  return [endSentence(project.name, summary), ...(await leftLines(project, summary)), ...nextLines(summary)];
}

/** 9 when failed or waiting tasks are what the run left; a pause or a stop leaves what it was asked to leave. */
export function exitCodeOf(summary: RunSummary): ExitCode {
  if (summary.why === 'paused' || summary.why === 'asked') return 0;
  return summary.failed + summary.waiting > 0 || summary.why !== 'completed' ? 9 : 0;
}

function endSentence(name: string, summary: RunSummary): Line {
  const tasks = taskWords(summary);
  switch (summary.why) {
    case 'completed':
      return `${name} is completed: ${tasks}.`;
    case 'paused':
      return `${name} was paused${pauserWords(summary)}${pauseWords(summary)}: ${tasks}.`;
    case 'asked':
      return `${name} is stopped, tasks in hand are held: ${tasks}.`;
    case 'waiting':
      return `${name} is stopped, what is left waits for a person: ${tasks}.`;
    case 'failed':
      return summary.failed > 0
        ? `${name} is stopped, tasks failed: ${tasks}.`
        : `${name} is stopped, what is left cannot begin: ${tasks}.`;
  }
}

function taskWords({ done, failed, waiting }: RunSummary): string {
  const parts = [
    `${countWords(done, 'task')} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
  ];
  return listWords(parts);
}

function pauserWords({ pause }: RunSummary): string {
  return isBudgetReason(pause?.reason ?? null) ? '' : ' by another command';
}

function pauseWords({ pause }: RunSummary): string {
  if (pause === null) return '';
  return ` at checkpoint ${pause.checkpointId}${pause.reason === null ? '' : ` (${pause.reason})`}`;
}

async function leftLines(project: ProjectHandle, summary: RunSummary): Promise<readonly Line[]> {
  const tasks = await project.tasks();
  const failed = tasks.flatMap((task) => (task.state.kind === 'failed' ? [{ task, state: task.state }] : []));
  const hasEnded = summary.why === 'failed' || summary.why === 'waiting';
  const agentNames = hasEnded ? (await project.agents()).map(({ name }) => name) : [];
  const blockers = summary.waiting === 0 ? [] : await project.blockers();
  return [
    ...failed.flatMap(({ task, state }): Line[] => [
      [{ text: `Task ${task.id}`, style: 'red' }, ` (${task.title}) failed: ${state.problem}`],
      `  Again: codeframe task retry ${task.id}`,
    ]),
    ...(hasEnded ? stuckLines(tasks, agentNames) : []),
    ...blockerLines(blockers.filter(({ status }) => status === 'open')),
  ];
}

function nextLines({ why }: RunSummary): readonly Line[] {
  switch (why) {
    case 'completed':
      return [];
    case 'paused':
      return ['Next: codeframe resume'];
    case 'asked':
      return ['Next: codeframe start'];
    case 'waiting':
    case 'failed':
      return ['Then: codeframe start'];
  }
}
