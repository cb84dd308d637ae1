import { stepWords } from '../agent/step-words.ts';
import type { EventData, EventRow, EventType } from '../event/event.ts';
import { stopWords } from './pause-words.ts';
import { countWords, durationWords, sizeWords } from './quantity-words.ts';

type DataOf<Type extends EventType> = Extract<EventData, { readonly type: Type }>['data'];
type EventTable = { readonly [Type in EventType]: (data: DataOf<Type>) => string };

/** What happened, in one line; the same in `events` and in the progress of a run. */
export function eventWords(row: EventRow): string {
  // The table pairs each type with a function of its own data, which an index by a union cannot say.
  const wordsFor = table[row.type] as ((data: EventRow['data']) => string) | undefined;
  // A newer codeframe may have written types that this one does not know.
  return wordsFor === undefined ? `${row.type} ${JSON.stringify(row.data)}` : wordsFor(row.data);
}

const table: EventTable = {
  'project-created': ({ name, dir }) => `project ${name} was made in ${dir}`,
  'lease-taken': ({ command, pid, epoch, from }) =>
    `${command} (pid ${pid}) owns the project, epoch ${epoch}${from === 'free' ? '' : `; the owner before is ${from}`}`,
  'project-started': ({ epoch, from }) => `the project runs (it was ${from}; epoch ${epoch})`,
  'project-stopped': ({ why }) => stoppedWords[why],
  'project-completed': ({ tasksDone }) => `the project is completed: ${countWords(tasksDone, 'task')} done`,
  'runner-lost': ({ was, pid, epoch, interruptedSteps, killedProcesses }) =>
    `the runner (${pid === null ? '' : `pid ${pid}, `}epoch ${epoch}) died while it was ${was}; ` +
    `${countWords(interruptedSteps.length, 'step')} interrupted, ${countWords(killedProcesses, 'process', 'processes')} killed`,
  'pause-requested': ({ pauseId, reason, graceMs }) =>
    `a pause was asked for${reason === null ? '' : `: ${reason}`} (${pauseId}, grace ${durationWords(graceMs)})`,
  'pause-failed': ({ pauseId, problem, status }) =>
    `the pause ${pauseId} failed: ${problem}; the project is ${status}`,
  'project-paused': ({ checkpointId, durationMs }) =>
    `the project is paused at checkpoint ${checkpointId}, after ${durationWords(durationMs)}`,
  'resume-requested': ({ pauseId }) =>
    `a resume was asked for${pauseId === null ? '' : `, from pause ${pauseId}`}`,
  'project-resumed': ({ repeats }) =>
    `the project runs again${repeats.length === 0 ? '' : `; the outcome of ${countWords(repeats.length, 'step')} is not known`}`,
  'agent-added': ({ agent, driver }) => `agent ${agent} was added, driver ${driver}`,
  'agent-stopped': ({ agent, ...stop }) => `agent ${agent} ${stopWords(stop)}`,
  'task-added': ({ taskId, title }) => `task ${taskId} was added: ${title}`,
  'task-started': ({ taskId, agent, continued }) =>
    `agent ${agent} ${continued ? 'continues' : 'begins'} task ${taskId}`,
  'task-done': ({ taskId, agent, summary }) => `agent ${agent} has done task ${taskId}: ${summary}`,
  'work-finished': ({ taskId, agent }) =>
    `agent ${agent} has finished its part of task ${taskId}, which is to be merged`,
  'work-merged': ({ taskId, branch, into, files }) =>
    `${branch} was merged into ${into}${taskId === null ? ' by hand' : ` for task ${taskId}`}: ${countWords(files, 'file')}`,
  'task-failed': ({ taskId, agent, problem }) => `task ${taskId} of agent ${agent} failed: ${problem}`,
  'task-held': ({ taskId, agent }) => `agent ${agent} holds task ${taskId}, to be continued`,
  'task-waiting': ({ taskId, blockerId }) => `task ${taskId} waits for the answer to ${blockerId}`,
  'task-retried': ({ taskId }) => `task ${taskId} is to be tried again`,
  'task-cancelled': ({ taskId }) => `task ${taskId} is cancelled`,
  'blocker-opened': ({ blockerId, agent, question }) => `agent ${agent} asks (${blockerId}): ${question}`,
  'blocker-answered': ({ blockerId, answer }) => `${blockerId} was answered: ${answer}`,
  'step-started': ({ agent, ...step }) => `agent ${agent}: ${stepWords(step)}`,
  'step-ended': ({ agent, status, summary }) => `agent ${agent}: the step ${status}: ${summary}`,
  'step-interrupted': ({ agent, ...step }) =>
    `agent ${agent}: ${stepWords({ ...step, kind: 'tool' })} was interrupted; its outcome is not known`,
  'step-repeated': ({ agent, name, repeats }) =>
    `agent ${agent}: ${name} is repeated (${repeats} was interrupted)`,
  'late-result': ({ agent, stepId }) => `agent ${agent}: a result of ${stepId} came too late and is not used`,
  'session-lost': ({ agent, problem }) =>
    `${agent} could not load its session (${problem}) and goes on with a new one, from what is known of it`,
  'secret-sent': ({ agent, kind }) => `agent ${agent} sent a secret (${kind}) to the provider of its model`,
  'model-waiting': ({ agent, waitMs, problem }) =>
    `agent ${agent}: the model call is tried again in ${durationWords(waitMs)}: ${problem}`,
  'flash-save-done': ({ agent, tokensBefore, tokensAfter, itemsArchived, ...save }) =>
    `agent ${agent}: ${countWords(itemsArchived, 'item')} archived${save.cause === 'window' ? ' because the window was nearly full' : ''}, ` +
    `${countWords(tokensBefore, 'token')} before, ${tokensAfter} after` +
    (save.cacheWarm === true && itemsArchived > 0
      ? '; the provider had the prompt in its cache, the next call pays for all of it'
      : ''),
  'flash-save-failed': ({ agent, problem }) => `agent ${agent}: the flash save failed: ${problem}`,
  'item-recalled': ({ agent, archiveId }) => `agent ${agent} recalled ${archiveId}`,
  'checkpoint-created': ({ checkpointId, trigger, files, bytes, durationMs, heldMs }) =>
    `checkpoint ${checkpointId} (${trigger}): ${countWords(files, 'file')}, ${sizeWords(bytes)}, ${durationWords(durationMs)}` +
    (heldMs == null ? '' : `, agents held ${durationWords(heldMs)}`),
  'checkpoint-failed': ({ trigger, problem }) =>
    `no checkpoint was made (${trigger}), and the work goes on: ${problem}`,
  'checkpoint-deleted': ({ checkpointId, why }) =>
    `checkpoint ${checkpointId} was deleted${why === 'rules' ? ', no rule keeps it' : ''}`,
  'checkpoint-undeleted': ({ checkpointId }) => `checkpoint ${checkpointId} was brought back`,
  'checkpoint-pinned': ({ checkpointId, pinned }) =>
    `checkpoint ${checkpointId} ${pinned ? 'was pinned' : 'is pinned no more'}`,
  'checkpoint-reclaimed': ({ checkpointId }) => `the space of checkpoint ${checkpointId} was reclaimed`,
  'project-arrived': ({ checkpointId, why, madeBy }) =>
    `${arrivedWords[why]} from checkpoint ${checkpointId} (by ${madeBy})`,
  'checkpoint-arrived': ({ checkpointId, from }) => `checkpoint ${checkpointId} came from ${from}`,
  'checkpoints-pushed': ({ checkpointIds, remote }) =>
    `${countWords(checkpointIds.length, 'checkpoint')} pushed to ${remote}: ${checkpointIds.join(', ')}`,
  repaired: ({ subject, what }) => `doctor repaired the ${subject}: ${what}`,
  'restore-begun': ({ restoreId, checkpointId }) =>
    `restore ${restoreId} of checkpoint ${checkpointId} began`,
  'restore-finished': ({ restoreId, checkpointId, safetyId }) =>
    `restore ${restoreId} of checkpoint ${checkpointId} is done${safetyId === null ? '' : `; what was there is ${safetyId}`}`,
  'restore-failed': ({ restoreId, problem }) => `restore ${restoreId} failed and changed nothing: ${problem}`,
  'restore-recovered': ({ restoreId, how }) => `restore ${restoreId}, which was cut, is ${how}`,
};

const arrivedWords = {
  import: 'the project was imported',
  pull: 'the project was pulled',
  rebuild: 'the rows were made anew',
} as const;

const stoppedWords = {
  asked: 'the project is stopped, as asked',
  waiting: 'the project is stopped: what is left waits for a person',
  failed: 'the project is stopped: tasks failed and nothing else is left',
} as const;

const progressTypes: ReadonlySet<EventType> = new Set([
  'project-started',
  'project-resumed',
  'pause-requested',
  'pause-failed',
  'agent-stopped',
  'task-started',
  'task-done',
  'work-merged',
  'task-failed',
  'task-held',
  'task-waiting',
  'blocker-opened',
  'blocker-answered',
  'step-started',
  'step-interrupted',
  'step-repeated',
  'late-result',
  'secret-sent',
  'model-waiting',
  'flash-save-failed',
  'checkpoint-created',
  'checkpoint-failed',
]);

/** Whether a person who watches a run wants to read it. */
export function isProgress(row: EventRow): boolean {
  if (row.type !== 'step-ended') return progressTypes.has(row.type);
  return 'status' in row.data && row.data.status !== 'completed';
}
