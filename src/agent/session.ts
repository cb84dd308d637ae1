import type { ContextItemRow, NewItem } from '../context/item.ts';
import type { Recalled } from '../context/recall.ts';
import type { CostRow } from './cost.ts';
import type { HomeRow } from './home.ts';
import type { StepEffect, StepIntent, StepOutcome, StepRow } from './step.ts';

/**
 * An agent's steps and memory, as its driver sees them. Every method is one fenced transaction: when it resolves,
 * the fact is on disk; when the owner is stale, it throws `stale-owner` and the driver stops.
 */
export interface AgentSession {
  /** The agent's memory in order, archived pieces included (their `promptText` is what the prompt shows). */
  items(): Promise<readonly ContextItemRow[]>;
  /** What the prompt shows instead of an item's text, by the item's id, of those of which something is archived. */
  stubs(): Promise<ReadonlyMap<string, string>>;
  /** Steps of the task in hand whose outcome is unknown and that the agent has not been told of yet. */
  interrupted(): Promise<readonly StepRow[]>;
  /** Adds items to the end of the memory, e.g. the task or a note of what was interrupted. */
  remember(items: readonly NewItem[]): Promise<readonly ContextItemRow[]>;
  /** The intent row; nothing of the step may happen before this resolves. */
  beginStep(start: StepStart): Promise<StepRow>;
  /**
   * The end of a step, with the items that it adds to the memory, in one transaction. When the step is no longer
   * `started` (it was recorded as interrupted), the outcome is kept as late, the items are dropped, and this answers false.
   */
  endStep(step: StepRow, end: StepEnd): Promise<boolean>;
  /** Tells that a model call has to wait before it is tried again; resolves when that is in the log. */
  tellWaiting(waitMs: number, problem: string): Promise<void>;
  /**
   * Makes room when the prompt comes near the model's window, by a flash save, and tells the agent so in its memory.
   * Answers true when the memory is another one now. A save that fails is told in the log and the events, not thrown.
   */
  makeRoom(window: ModelWindow): Promise<boolean>;
  /** Opens a blocker for the task in hand; answers its id. The driver then ends with `waiting`. */
  ask(question: string, subject: AskSubject): Promise<string>;
  /** Of an agent that others wrote, what it needs to go on; null before its first work. */
  home(): Promise<HomeRow | null>;
  /** Writes down what has changed of that. */
  keepHome(change: Partial<Omit<HomeRow, 'agent'>>): Promise<void>;
  /** Tells that a secret of this kind went to the provider of the agent's model, within what the agent sent. */
  tellSecretSent(kind: string): Promise<void>;
  /** Tells that the agent's own session could not be loaded, and why; it goes on with a new one. */
  tellSessionLost(problem: string): Promise<void>;
  /**
   * An archived piece by its id, or the pieces that fit some words best, within a budget of tokens. Counts as a use, and
   * puts the piece back into the prompt; `told`: leaves the prompt as it is, because the answer itself is added to it.
   */
  recall(
    query: ({ readonly id: string } | { readonly text: string }) & {
      readonly budget: number;
      readonly told?: boolean;
    },
  ): Promise<readonly Recalled[]>;
  /** The answers to this task's blockers, newest last. */
  answers(): Promise<
    readonly {
      readonly blockerId: string;
      readonly subject: AskSubject;
      readonly question: string;
      readonly answer: string;
    }[]
  >;
}

export interface StepStart {
  readonly kind: StepRow['kind'];
  readonly name: string;
  readonly effect: StepEffect;
  readonly intent: StepIntent;
  readonly callId?: string;
  readonly parentId?: string;
  readonly repeats?: string;
  /** The command that a tool is about to run: before a risky one a checkpoint is made. */
  readonly commandLine?: string;
}

export interface ModelWindow {
  /** As its costs name it. */
  readonly model: string;
  /** Null when it is not known. */
  readonly windowTokens: number | null;
  /** What every call sends besides the memory: instructions and tools. */
  readonly besides: string;
  /**
   * Ids of the items that the prompt shows; absent: it is the whole memory. A prompt that is a part of the memory is
   * another program's, which is not told of a save.
   */
  readonly shown?: readonly string[];
}

export interface StepEnd {
  readonly status: 'completed' | 'failed' | 'interrupted';
  readonly outcome: StepOutcome;
  readonly items?: readonly NewItem[];
  readonly cost?: Omit<CostRow, 'stepId' | 'agent' | 'taskId' | 'at'>;
  /** Of a call of the model: what it sent besides the memory. From it and the cost is learned how the model counts. */
  readonly besides?: string;
  /** With `besides`: the ids of the items that the call showed; absent: the whole memory. */
  readonly shown?: readonly string[];
}

/** What a question is about; a command's is matched when the agent tries it again. */
export type AskSubject = { readonly kind: 'question' } | { readonly kind: 'command'; readonly line: string };
