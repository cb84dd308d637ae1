import type { ContextItemRow, NewItem } from '../context/item.ts';
import { isFailure } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import { placeholdersIn } from '../secret/placeholder.ts';
import { cutText, lostSecretText } from './agent-words.ts';
import type { RunEnd } from './driver.ts';
import type { LoopContext } from './loop-context.ts';
import { lostStep, stoppedEnd } from './loop-context.ts';
import { NOT_AN_OBJECT } from './model-step.ts';
import { FINISH_TOOL, seenHash } from './next-move.ts';
import { ASK_TOOL, describeOwnCall, finishResult, questionOf, recall, RECALL_TOOL } from './own-tools.ts';
import { isYes } from './permissions.ts';
import type { AskSubject } from './session.ts';
import type { StepEffect, StepRow } from './step.ts';
import { toolError } from './tool.ts';
import type { Tool, ToolContext, ToolResult } from './tool.ts';
import { siblingResults } from './transcript.ts';

/** `next`: the call has its result. Anything else ends the run. */
export type CallEnd = 'next' | RunEnd;

/** What a call is, once it is known that it may be run. */
interface Runnable {
  readonly call: ContextItemRow;
  readonly effect: StepEffect;
  readonly summary: string;
  readonly run: (context: ToolContext) => Promise<ToolResult>;
  /** Where it runs one. */
  readonly commandLine?: string;
}

/** Gives one call its result: runs it, or asks a person first. */
export async function runCall(
  loop: LoopContext,
  call: ContextItemRow,
  items: readonly ContextItemRow[],
): Promise<CallEnd> {
  const name = call.tool ?? '';
  if (isInvalid(call.input)) {
    return runStep(
      loop,
      refusal(call, 'The input of this call was not a JSON object. Call it again.'),
      items,
    );
  }
  if (name === ASK_TOOL) return askPerson(loop, call);
  const tool = loop.tools.get(name);
  if (!tool) return runStep(loop, ownCall(loop, call, items), items);
  const line = tool.commandLine?.(call.input) ?? null;
  const lost = tool.effect === 'pure' ? null : lostSecret(call.input);
  if (lost !== null) return runStep(loop, refusal(call, lostSecretText(lost)), items);
  const permission = line === null ? 'allow' : loop.permissionFor(line);
  if (permission === 'deny') return runStep(loop, refusal(call, denied), items);
  if (line !== null && permission === 'ask') return runIfAllowed(loop, { call, tool, line }, items);
  return runStep(loop, projectCall(call, tool), items);
}

const denied = 'A rule of the project denies this command. Nothing was run.';

/** A placeholder whose secret this run has not seen: a tool would take it for the secret, and overwrite the real one with it. */
function lostSecret(input: unknown): string | null {
  return placeholdersIn(JSON.stringify(input) ?? '')[0]?.text ?? null;
}

function isInvalid(input: unknown): boolean {
  return typeof input === 'object' && input !== null && NOT_AN_OBJECT in input;
}

function projectCall(call: ContextItemRow, tool: Tool): Runnable {
  const line = tool.commandLine?.(call.input) ?? null;
  return {
    call,
    ...(line === null ? {} : { commandLine: line }),
    effect: tool.effect,
    summary: tool.describe(call.input),
    run: (context) => tool.run(call.input, context),
  };
}

function ownCall(loop: LoopContext, call: ContextItemRow, items: readonly ContextItemRow[]): Runnable {
  const summary = describeOwnCall(call.tool ?? '', call.input);
  const own = { call, effect: 'pure', summary } as const;
  if (call.tool === FINISH_TOOL) {
    const failedBefore = siblingResults(items, call).some((result) => result.isError);
    return { ...own, run: async () => finishResult(call.input, failedBefore) };
  }
  if (call.tool === RECALL_TOOL) return { ...own, run: () => recall(loop.job.session, call.input) };
  const known = loop.toolSpecs.map((spec) => spec.name).join(', ');
  return refusal(call, `There is no tool ${call.tool}. The tools are: ${known}.`);
}

function refusal(call: ContextItemRow, text: string): Runnable {
  return { call, effect: 'pure', summary: text, run: async () => toolError(text) };
}

/** The question waits in the store; when the agent goes on after the answer, it is the call's result. */
async function askPerson(loop: LoopContext, call: ContextItemRow): Promise<CallEnd> {
  const question = questionOf(call.input);
  if (question === null) {
    await loop.job.session.remember([resultItem(call, toolError('ask_person needs a question.'))]);
    return 'next';
  }
  const answer = loop.answers.findLast(
    (known) => known.subject.kind === 'question' && known.question === question,
  );
  if (!answer) return wait(loop, question, { kind: 'question' });
  const text = `A person answered: ${answer.answer}`;
  await loop.job.session.remember([resultItem(call, { text, isError: false })]);
  return 'next';
}

async function runIfAllowed(
  loop: LoopContext,
  asked: { readonly call: ContextItemRow; readonly tool: Tool; readonly line: string },
  items: readonly ContextItemRow[],
): Promise<CallEnd> {
  const { call, tool, line } = asked;
  const answer = loop.answers.findLast(
    (known) => known.subject.kind === 'command' && known.subject.line === line,
  );
  if (!answer)
    return wait(loop, `May ${loop.job.agent.name} run this command in the project? ${line}`, {
      kind: 'command',
      line,
    });
  if (isYes(answer.answer)) return runStep(loop, projectCall(call, tool), items);
  const words = `A person did not allow this command: "${answer.answer}". Nothing was run.`;
  return runStep(loop, refusal(call, words), items);
}

async function wait(loop: LoopContext, question: string, subject: AskSubject): Promise<RunEnd> {
  const blockerId = await loop.job.session.ask(question, subject);
  return { kind: 'waiting', blockerId };
}

async function runStep(
  loop: LoopContext,
  runnable: Runnable,
  items: readonly ContextItemRow[],
): Promise<CallEnd> {
  const { call, effect, summary, commandLine } = runnable;
  const repeated = loop.cutCalls.get(call.callId ?? '');
  const step = await loop.job.session.beginStep({
    kind: 'tool',
    name: call.tool ?? '',
    effect,
    intent: { summary },
    ...(commandLine === undefined ? {} : { commandLine }),
    ...(call.callId === null ? {} : { callId: call.callId }),
    ...(call.stepId === null ? {} : { parentId: call.stepId }),
    ...(repeated ? { repeats: repeated.id } : {}),
  });
  loop.stop.entered(step);
  try {
    const result = await runnable.run(toolContext(loop, items));
    return await keepResult(loop, { step, call, result });
  } catch (error) {
    if (loop.stop.cutSignal.aborted && !isFailure(error, 'stale-owner'))
      return await keepCut(loop, { step, call });
    if (isFailure(error) && ownFailures.has(error.failure.code)) throw error;
    loop.log.error({ err: error, agent: loop.job.agent.name, tool: call.tool }, 'a tool failed');
    return await keepResult(loop, { step, call, result: toolError(problemOf(error)) });
  } finally {
    loop.stop.entered(null);
  }
}

/** Failures of the session itself, not of what the tool did. */
const ownFailures: ReadonlySet<string> = new Set(['stale-owner', 'database-busy', 'corrupt-database']);

function toolContext(loop: LoopContext, items: readonly ContextItemRow[]): ToolContext {
  return {
    projectDir: loop.job.projectDir,
    marker: loop.job.marker,
    signal: loop.stop.cutSignal,
    kill: loop.stop.killSignal,
    seen: (path) => seenHash(items, path),
  };
}

function problemOf(error: unknown): string {
  if (isFailure(error)) return `The tool failed: ${failureWords(error.failure).message}`;
  return `The tool failed: ${error instanceof Error ? error.message : String(error)}`;
}

interface Ended {
  readonly step: StepRow;
  readonly call: ContextItemRow;
}

async function keepResult(
  loop: LoopContext,
  ended: Ended & { readonly result: ToolResult },
): Promise<CallEnd> {
  const { step, call, result } = ended;
  const kept = await loop.job.session.endStep(step, {
    status: result.isError ? 'failed' : 'completed',
    outcome: { summary: firstLine(result.text), isError: result.isError },
    items: [resultItem(call, result)],
  });
  return kept ? 'next' : lostStep(loop, step);
}

async function keepCut(loop: LoopContext, { step, call }: Ended): Promise<RunEnd> {
  loop.stop.aborted(step);
  await loop.job.session.endStep(step, {
    status: 'interrupted',
    outcome: { summary: step.intent.summary, isError: true },
    items: [resultItem(call, toolError(cutText(call.tool ?? '')))],
  });
  return stoppedEnd(loop);
}

/** The result of a call, as the memory keeps it. */
export function resultItem(call: ContextItemRow, result: ToolResult): NewItem {
  return {
    kind: 'result',
    text: result.text,
    isError: result.isError,
    ...(call.tool === null ? {} : { tool: call.tool }),
    ...(call.callId === null ? {} : { callId: call.callId }),
    ...(result.path === undefined ? {} : { path: result.path }),
    ...(result.sha256 === undefined ? {} : { meta: { sha256: result.sha256 } }),
  };
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 200);
}
