import type { Clock } from '../clock.ts';
import type { ContextItemRow, NewItem } from '../context/item.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import type { Log } from '../log.ts';
import type { AgentRow } from './agent.ts';
import { continueText, cutText, INSIST, NOT_RUN, taskText } from './agent-words.ts';
import type { AgentDriver, AgentRun, Job, RunEnd } from './driver.ts';
import type { LoopContext } from './loop-context.ts';
import { sentBesides, stoppedEnd } from './loop-context.ts';
import type { Model, OpenModel } from './model.ts';
import { askModel } from './model-step.ts';
import { nextMove } from './next-move.ts';
import type { Permission } from './permissions.ts';
import { ownToolSpecs } from './own-tools.ts';
import type { StepRow } from './step.ts';
import { StopControl } from './stop-control.ts';
import { toolError } from './tool.ts';
import type { Tool } from './tool.ts';
import { resultItem, runCall } from './tool-step.ts';
import { siblingResults } from './transcript.ts';

export interface ModelDriverParts {
  readonly openModel: OpenModel;
  readonly tools: readonly Tool[];
  readonly clock: Clock;
  readonly log: Log;
  readonly projectDir: string;
  /** What becomes of a command line that an agent wants to run; asked each time, for it may change meanwhile. */
  readonly permissionFor: (agent: AgentRow, line: string) => Permission;
  /** Model calls that one run may make before it is taken for lost; 200 unless told. */
  readonly stepsMax?: number;
}

const STEPS_MAX = 200;

/** The driver `model`: a model and tools, in a loop whose every step is written down. */
export function createModelDriver(parts: ModelDriverParts): AgentDriver {
  return {
    name: 'model',
    async check(agent) {
      await open(parts, agent);
    },
    begin(job) {
      return begin(parts, job);
    },
  };
}

function open(parts: ModelDriverParts, agent: AgentRow): Promise<Model> {
  const { model, baseUrl } = agent.settings;
  if (model === undefined || model === '')
    throw new CodeframeError({
      code: 'unknown-model',
      model: '',
      problem: `agent ${agent.name} has no model`,
    });
  return parts.openModel({
    agent: agent.name,
    model,
    projectDir: parts.projectDir,
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
}

function begin(parts: ModelDriverParts, job: Job): AgentRun {
  const stop = new StopControl(parts.clock);
  const ended = work(parts, { job, stop });
  return {
    ended,
    finishStep: () => stop.finishStep(),
    cut: () => stop.cut(),
    async kill() {
      stop.kill();
      await ended;
    },
  };
}

async function work(
  parts: ModelDriverParts,
  run: { readonly job: Job; readonly stop: StopControl },
): Promise<RunEnd> {
  const { job, stop } = run;
  try {
    const loop = await prepare(parts, run);
    return await moveUntilEnd(loop, parts.stepsMax ?? STEPS_MAX);
  } catch (error) {
    if (isFailure(error, 'stale-owner')) return { kind: 'stopped', report: stop.report() };
    if (isFailure(error)) {
      const words = failureWords(error.failure);
      parts.log.warn({ err: error, agent: job.agent.name, task: job.task.id }, words.message);
      return { kind: 'failed', problem: `${words.message}. ${words.hint}` };
    }
    parts.log.error({ err: error, agent: job.agent.name, task: job.task.id }, 'the model loop broke');
    return { kind: 'failed', problem: error instanceof Error ? error.message : String(error) };
  }
}

async function prepare(
  parts: ModelDriverParts,
  run: { readonly job: Job; readonly stop: StopControl },
): Promise<LoopContext> {
  const { job, stop } = run;
  const model = await open(parts, job.agent);
  const interrupted = await job.session.interrupted();
  const cutCalls = new Map(
    interrupted.flatMap((step) => (step.callId === null ? [] : [[step.callId, step] as const])),
  );
  const loop: LoopContext = {
    job,
    stop,
    model,
    log: parts.log,
    tools: new Map(parts.tools.map((tool) => [tool.spec.name, tool])),
    toolSpecs: [...parts.tools.map((tool) => tool.spec), ...ownToolSpecs],
    permissionFor: (line) => parts.permissionFor(job.agent, line),
    answers: await job.session.answers(),
    cutCalls,
  };
  await tellWhatWasCut(loop, interrupted);
  return loop;
}

/**
 * Before anything else, in one transaction: a result for each call that was cut and is not repeated by itself, one for
 * the calls that were to come after it, and a word on what was cut and what is next. Calls that were never started and
 * stand behind nothing that was cut are simply run.
 */
async function tellWhatWasCut(loop: LoopContext, interrupted: readonly StepRow[]): Promise<void> {
  const { task, session } = loop.job;
  const items = await session.items();
  if (!items.some((item) => item.taskId === task.id && item.kind === 'task')) return;
  const move = nextMove(items, task.id);
  if (move.kind === 'done') return;
  const text = continueText(
    task,
    interrupted,
    items.some(({ promptText }) => promptText !== null),
  );
  const told = items.at(-1)?.text === text || (interrupted.length === 0 && isAnswered(loop, move));
  await session.remember([
    ...(move.kind === 'run-calls' ? resultsOfCut(loop, { calls: move.calls, items }) : []),
    ...(told ? [] : [{ kind: 'user' as const, text }]),
  ]);
}

/**
 * Only what changes nothing is done again by itself: since then, a person may have changed what it would overwrite. What
 * was to follow a call that was cut is not done either: the model asked for it without knowing that.
 */
function resultsOfCut(
  loop: LoopContext,
  open: { readonly calls: readonly ContextItemRow[]; readonly items: readonly ContextItemRow[] },
): readonly NewItem[] {
  const { calls, items } = open;
  const stepOf = (call: ContextItemRow): StepRow | undefined => loop.cutCalls.get(call.callId ?? '');
  const cut = calls.filter((call) => stepOf(call) !== undefined && stepOf(call)?.effect !== 'pure');
  const followsCut = (call: ContextItemRow): boolean =>
    cut.some((other) => other.stepId === call.stepId) || hasCutResult(items, call);
  const notRun = calls.filter((call) => stepOf(call) === undefined && followsCut(call));
  return [
    ...cut.map((call) => resultItem(call, toolError(cutText(call.tool ?? '')))),
    ...notRun.map((call) => resultItem(call, toolError(NOT_RUN))),
  ];
}

/** Whether a call of the same reply was cut by an orderly stop, which gave it its result. */
function hasCutResult(items: readonly ContextItemRow[], call: ContextItemRow): boolean {
  return siblingResults(items, call).some((result) => result.text === cutText(result.tool ?? ''));
}

/** It goes on because a person answered: the answer says all. */
function isAnswered(loop: LoopContext, move: { readonly kind: string }): boolean {
  return move.kind === 'run-calls' && loop.answers.length > 0;
}

async function moveUntilEnd(loop: LoopContext, stepsMax: number): Promise<RunEnd> {
  let modelSteps = 0;
  let emptyReplies = 0;
  for (;;) {
    if (loop.stop.asked) return stoppedEnd(loop);
    const items = await loop.job.session.items();
    const move = nextMove(items, loop.job.task.id);
    if (move.kind === 'done') return { kind: 'done', summary: move.summary };
    if (move.kind === 'ask-model' && modelSteps >= stepsMax) return tooManySteps(stepsMax);
    const end = await makeMove(loop, move, items);
    if (typeof end !== 'string') return end;
    if (move.kind !== 'ask-model') continue;
    modelSteps += 1;
    emptyReplies = end === 'nothing' ? emptyReplies + 1 : 0;
    if (emptyReplies >= 2) return { kind: 'failed', problem: `${loop.model.label} gave two empty replies` };
  }
}

function madeRoom(loop: LoopContext): Promise<boolean> {
  const { label, windowTokens } = loop.model;
  return loop.job.session.makeRoom({ model: label, windowTokens, besides: sentBesides(loop) });
}

function tooManySteps(stepsMax: number): RunEnd {
  return {
    kind: 'failed',
    problem: `the task was not done after ${stepsMax} calls of the model. Look at what it did, then run \`codeframe task retry\``,
  };
}

async function makeMove(
  loop: LoopContext,
  move: Exclude<ReturnType<typeof nextMove>, { kind: 'done' }>,
  items: readonly ContextItemRow[],
): Promise<'next' | 'said' | 'nothing' | RunEnd> {
  const { session, task } = loop.job;
  switch (move.kind) {
    case 'introduce':
      await session.remember([{ kind: 'task', text: taskText(task) }]);
      return 'next';
    case 'insist':
      await session.remember([{ kind: 'user', text: INSIST }]);
      return 'next';
    case 'ask-model':
      return askModel(loop, (await madeRoom(loop)) ? await session.items() : items);
    case 'run-calls': {
      const [call] = move.calls;
      return call ? runCall(loop, call, items) : 'next';
    }
  }
}
