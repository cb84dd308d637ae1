import type { AgentStatus, StatusReport } from '../handle.ts';
import type { ProjectState } from '../project/lifecycle.ts';
import { costWords, countWords, listWords, numberWords, sizeWords, timeWords } from './quantity-words.ts';
import { blockerLines } from './blocker-words.ts';
import type { Line, Styled } from './output.ts';
import { limitLines } from './retention-words.ts';
import { table } from './table.ts';

/** The whole status for people. */
export function statusLines(report: StatusReport): readonly Line[] {
  return [
    [{ text: report.project.name, style: 'bold' }, ` ${stateWords(report)}`],
    report.project.dir,
    ...cutRestoreLines(report),
    ...strayLines(report),
    ...interruptedLines(report),
    '',
    ...agentTable(report.agents),
    '',
    tasksLine(report.tasks),
    ...blockerLines(report.openBlockers),
    checkpointLine(report),
    ...failedCheckpointLines(report),
    ...limitLines(report.overLimit),
    usedLine(report),
    `Next: ${report.next}`,
  ];
}

/** One line for those who watch without a terminal. */
export function statusLine(report: StatusReport): string {
  const working = report.agents.filter(({ status }) => status === 'working').length;
  const blockers = report.openBlockers.length;
  return (
    `${report.project.name} is ${report.status}: ${working} of ${countWords(report.agents.length, 'agent')} working; ` +
    `${taskCounts(report.tasks)}${blockers === 0 ? '' : `; ${countWords(blockers, 'question')} open`}`
  );
}

function stateWords(report: StatusReport): string {
  const { state, owner } = report;
  const since = `since ${timeWords(state.since)}`;
  const by =
    owner === null ? '' : `, by \`${owner.command ?? 'codeframe'}\` (pid ${owner.pid} on ${owner.host})`;
  switch (state.kind) {
    case 'created':
      return `was made ${timeWords(state.since)} and has not run yet.`;
    case 'paused':
      return `is paused ${since}, at checkpoint ${state.checkpointId}.`;
    case 'interrupted':
      return `was interrupted: its runner${lostOwnerWords(report, state.lostEpoch)} died while it was ${state.was}.`;
    case 'stopped':
      return `is stopped ${since}: ${stopReason(state.why, report)}.`;
    case 'completed':
      return `is completed ${since}: every task has ended.`;
    case 'pausing':
      if (owner === null)
        return `was to be paused ${since}, and whoever did it is gone: its disk may be full. Nothing runs; \`codeframe pause\` ends the pause, \`codeframe resume\` works on.`;
      return `is pausing ${since}${by}.`;
    case 'running':
    case 'resuming':
    case 'stopping':
      return `is ${state.kind} ${since}${by}.`;
    case 'restoring':
      if (report.owner === null) {
        return `is in the middle of a restore that was cut ${since}: its files are of both until the next command puts that right.`;
      }
      return `is ${state.kind} ${since}${by}.`;
  }
}

/** Who died and when it was last seen to be alive, as far as the lease still says. */
function lostOwnerWords({ lostOwner }: StatusReport, lostEpoch: number): string {
  if (lostOwner === null) return ` (epoch ${lostEpoch})`;
  const seen = lostOwner.renewedAt === null ? '' : `, last seen ${timeWords(lostOwner.renewedAt)}`;
  return ` \`${lostOwner.command ?? 'codeframe'}\` (pid ${lostOwner.pid} on ${lostOwner.host}, epoch ${lostEpoch}${seen})`;
}

const stopReasons: Readonly<Record<Extract<ProjectState, { kind: 'stopped' }>['why'], string>> = {
  asked: 'somebody asked for it',
  waiting: 'what is left waits for a person',
  failed: 'tasks failed and nothing else is left',
};

function stopReason(why: keyof typeof stopReasons, { tasks }: StatusReport): string {
  return why === 'failed' && tasks.failed === 0 ? 'what is left cannot begin' : stopReasons[why];
}

function interruptedLines(report: StatusReport): readonly Line[] {
  if (report.interruptedSteps === 0) return [];
  return [
    `The outcome of ${countWords(report.interruptedSteps, 'step')} is not known. \`${goesOnBy(report)}\` repeats what is safe ` +
      `to repeat and tells the agents of the rest${report.strayProcesses > 0 ? '' : '; nothing runs until then'}.`,
  ];
}

/** What is asked of a project that has to be put right first, or paused to its end, does not go on with its steps. */
function goesOnBy({ state, next }: StatusReport): string {
  return state.kind === 'pausing' || state.kind === 'restoring' ? 'codeframe resume' : next;
}

function cutRestoreLines({ cutRestore }: StatusReport): readonly Line[] {
  if (cutRestore === null) return [];
  return [
    `It was to bring back checkpoint ${cutRestore.checkpointId}. The next start, resume, pause, checkpoint or restore takes ` +
      'back what it did.',
  ];
}

function strayLines({ strayProcesses }: StatusReport): readonly Line[] {
  if (strayProcesses === 0) return [];
  const [they, run] = strayProcesses === 1 ? ['it', 'runs'] : ['they', 'run'];
  return [
    `${countWords(strayProcesses, 'process', 'processes')} of its agents still ${run} without it, and ${they} may write. ` +
      '`codeframe pause` or `codeframe stop` ends that.',
  ];
}

/** The agents as rows; `No agents yet` with the command that adds one. */
function agentTable(agents: readonly AgentStatus[]): readonly Line[] {
  if (agents.length === 0)
    return ['There are no agents yet: `codeframe agent add --help` shows how to add one.'];
  return table(
    ['AGENT', 'ROLE', 'RUN BY', 'STATUS', 'TASK', 'STEP', 'PROMPT'],
    agents.map((agent) => [
      agent.name,
      agent.role,
      agent.model ?? agent.driver,
      statusCell(agent.status),
      agent.task === null ? '' : `#${agent.task.id} ${agent.task.title}`,
      agent.step ?? '',
      `${numberWords(agent.promptTokens)} tokens`,
    ]),
  );
}

function statusCell(status: AgentStatus['status']): string | Styled {
  return status === 'working' ? { text: status, style: 'green' } : status;
}

function tasksLine(tasks: StatusReport['tasks']): Line {
  const counts = taskCounts(tasks);
  return counts === 'no tasks' ? 'There are no tasks yet: codeframe task add "TITLE"' : `Tasks: ${counts}.`;
}

const taskOrder = ['running', 'waiting', 'held', 'pending', 'done', 'failed', 'cancelled'] as const;

function taskCounts(tasks: StatusReport['tasks']): string {
  const counted = taskOrder
    .filter((status) => tasks[status] > 0)
    .map((status) => `${tasks[status]} ${status}`);
  return counted.length === 0 ? 'no tasks' : listWords(counted);
}

function checkpointLine({ lastCheckpoint }: StatusReport): Line {
  if (lastCheckpoint === null) return 'There is no checkpoint yet.';
  const { id, trigger, createdAt, files, bytes } = lastCheckpoint;
  return `Last checkpoint: ${id} (${trigger}, ${timeWords(createdAt)}, ${countWords(files, 'file')}, ${sizeWords(bytes)}).`;
}

function failedCheckpointLines({ failedCheckpoint }: StatusReport): readonly Line[] {
  if (failedCheckpoint === null) return [];
  const { at, trigger, problem } = failedCheckpoint;
  return [
    {
      text: `Since then one was not made (${trigger}, ${timeWords(at)}), and the work went on: ${problem}`,
      style: 'yellow',
    },
  ];
}

function usedLine({ tokens, costUsd }: StatusReport): Line {
  return `Used: ${numberWords(tokens.input)} tokens in, ${numberWords(tokens.output)} out, ${costWords(costUsd)}.`;
}
