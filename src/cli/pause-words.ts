import type { StopReport } from '../agent/driver.ts';
import type { PausedAgent, PauseResult } from '../project/pause.ts';
import type { Line } from './output.ts';
import { countWords, durationWords, listWords, numberWords } from './quantity-words.ts';

/** What a finished pause says to people. */
export function pauseLines(name: string, result: PauseResult): readonly Line[] {
  return [
    [
      `${name} is paused at checkpoint `,
      { text: result.checkpointId, style: 'bold' },
      ` (commit ${result.commit.slice(0, 12)}).`,
    ],
    ...result.agents.map(agentLine),
    ...interruptedLines(result.agents),
    tokensLine(result),
    ...result.flashSaveFailures.map(
      ({ agent, problem }): Line => `The flash save of ${agent} failed, its memory is whole: ${problem}`,
    ),
    `The pause took ${durationWords(result.durationMs)}; its bound was ${durationWords(result.boundMs)}.`,
    'Run `codeframe resume` to go on from here.',
  ];
}

function agentLine(agent: PausedAgent): Line {
  const task = agent.taskId === null ? '' : `; it takes task ${agent.taskId} up again`;
  return `  ${agent.name} ${stopWords(agent)}${task}.`;
}

function interruptedLines(agents: readonly PausedAgent[]): readonly Line[] {
  const steps = agents.flatMap(({ interruptedStepId }) => interruptedStepId ?? []);
  if (steps.length === 0) return [];
  return [`The outcome of ${countWords(steps.length, 'step')} is not known: ${listWords(steps)}.`];
}

function tokensLine(result: PauseResult): Line {
  const { tokensBefore, tokensAfter, reductionPercentage, itemsArchived } = result;
  if (itemsArchived === 0)
    return `The prompts hold ${countWords(tokensAfter, 'token')}; nothing was archived.`;
  return (
    `The prompts hold ${countWords(tokensAfter, 'token')}, ${Number(reductionPercentage.toFixed(1))} % less than ` +
    `the ${numberWords(tokensBefore)} before: ${countWords(itemsArchived, 'item')} archived.`
  );
}

/** How an agent came to its stop, as the end of a sentence about it. */
export function stopWords(stop: StopReport): string {
  const took = durationWords(stop.durationMs);
  switch (stop.how) {
    case 'idle':
      return 'was idle';
    case 'between-steps':
      return 'stopped between two steps';
    case 'finished-step':
      return `finished its step (${took})`;
    case 'cut':
      return `was cut in its step (${took})`;
    case 'terminated':
      return `was terminated, its program ended on SIGTERM (${took})`;
    case 'killed':
      return `was killed, its program did not end on SIGTERM (${took})`;
  }
}
