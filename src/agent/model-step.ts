import type { ContextItemRow, NewItem } from '../context/item.ts';
import { instructionsFor, TOO_LONG } from './agent-words.ts';
import type { AssistantPart, ModelReply } from './model.ts';
import type { LoopContext } from './loop-context.ts';
import { lostStep, sentBesides, stoppedEnd } from './loop-context.ts';
import type { RunEnd } from './driver.ts';
import type { StepRow } from './step.ts';
import { buildMessages } from './transcript.ts';

/** `said`: something was added to the memory. `nothing`: the reply was empty. */
export type ModelStepEnd = 'said' | 'nothing' | RunEnd;

/** One call of the model: its intent, the call, and all of the reply with its cost in one transaction. */
export async function askModel(loop: LoopContext, items: readonly ContextItemRow[]): Promise<ModelStepEnd> {
  const messages = buildMessages(items);
  const step = await loop.job.session.beginStep({
    kind: 'model',
    name: loop.model.label,
    effect: 'pure',
    intent: { summary: `${messages.length} messages` },
  });
  const abort = new AbortController();
  const signal = AbortSignal.any([loop.stop.cutSignal, abort.signal]);
  loop.stop.entered(step);
  try {
    const reply = await loop.model.generate({
      instructions: instructionsFor(loop.job.agent),
      messages,
      tools: loop.toolSpecs,
      signal,
      onWait: (waitMs, problem) => {
        loop.log.info({ agent: loop.job.agent.name, waitMs, problem }, 'waiting to call the model again');
        loop.job.session.tellWaiting(waitMs, problem).catch((error: unknown) => {
          // A stale owner learns of it at the end of this step.
          loop.log.warn({ err: error }, 'could not tell of the wait');
        });
        loop.stop.waits(waitMs, () => abort.abort(new Error('told to stop while it waited')));
      },
    });
    return await keepReply(loop, { step, reply, items });
  } catch (error) {
    if (!signal.aborted) return await keepFailure(loop, { step, error });
    loop.stop.aborted(step);
    const outcome = { summary: 'the call was cut', isError: true };
    await loop.job.session.endStep(step, { status: 'interrupted', outcome });
    return stoppedEnd(loop);
  } finally {
    loop.stop.entered(null);
  }
}

interface Replied {
  readonly step: StepRow;
  readonly reply: ModelReply;
  readonly items: readonly ContextItemRow[];
}

async function keepReply(loop: LoopContext, replied: Replied): Promise<ModelStepEnd> {
  const { step, reply } = replied;
  const items = itemsOf(replied);
  const { model } = loop;
  const kept = await loop.job.session.endStep(step, {
    status: 'completed',
    outcome: { summary: summaryOf(reply), isError: false },
    items,
    cost: { model: model.label, recorded: model.recorded, ...reply.usage, costUsd: reply.costUsd },
    besides: sentBesides(loop),
  });
  if (!kept) return lostStep(loop, step);
  if (reply.finish === 'filtered' && items.length === 0)
    return {
      kind: 'failed',
      problem: `${model.label} refused to answer (its content filter stopped the reply)`,
    };
  return items.length === 0 ? 'nothing' : 'said';
}

async function keepFailure(
  loop: LoopContext,
  failed: { readonly step: StepRow; readonly error: unknown },
): Promise<never> {
  const summary = failed.error instanceof Error ? failed.error.message : String(failed.error);
  await loop.job.session.endStep(failed.step, { status: 'failed', outcome: { summary, isError: true } });
  throw failed.error;
}

function summaryOf(reply: ModelReply): string {
  const calls = reply.parts.filter((part) => part.type === 'call').map((part) => part.tool);
  const what = calls.length === 0 ? 'no calls' : `calls ${calls.join(', ')}`;
  return `${what}; ${reply.usage.inputTokens} tokens in, ${reply.usage.outputTokens} out`;
}

/** A reply without text or a call is not kept: no provider takes it back in a history. */
function itemsOf({ reply, items }: Replied): readonly NewItem[] {
  const kept = reply.parts.filter(
    (part) => part.type === 'call' || part.text.trim() !== '' || part.meta !== undefined,
  );
  if (!kept.some((part) => part.type === 'call' || (part.type === 'text' && part.text.trim() !== ''))) {
    return reply.finish === 'length' && reply.parts.length > 0 ? [{ kind: 'user', text: TOO_LONG }] : [];
  }
  const taken = new Set(
    items.flatMap((item) => (item.kind === 'call' && item.callId !== null ? [item.callId] : [])),
  );
  const said = kept.map((part) => itemOf(part, taken));
  const cutOff = reply.finish === 'length' && !kept.some((part) => part.type === 'call');
  return cutOff ? [...said, { kind: 'user', text: TOO_LONG }] : said;
}

function itemOf(part: AssistantPart, taken: Set<string>): NewItem {
  const meta = part.meta === undefined ? {} : { meta: part.meta };
  if (part.type === 'text') return { kind: 'message', text: part.text, ...meta };
  if (part.type === 'reasoning') return { kind: 'reasoning', text: part.text, ...meta };
  const { tool } = part;
  const input = isObject(part.input) ? part.input : { [NOT_AN_OBJECT]: part.input };
  const callId = freeCallId(part.callId, taken);
  return { kind: 'call', text: JSON.stringify(input), tool, callId, input, ...meta };
}

/** The key under which a call's input is kept that was no JSON object: a history takes objects only. */
export const NOT_AN_OBJECT = 'not_a_json_object';

/** Some servers count their call ids from 0 in every reply, or use characters that another provider refuses. */
function freeCallId(wanted: string, taken: Set<string>): string {
  const clean = wanted.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 40) || 'call';
  let id = clean;
  for (let n = 2; taken.has(id); n++) id = `${clean}-${n}`;
  taken.add(id);
  return id;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
