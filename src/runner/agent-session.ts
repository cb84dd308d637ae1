import type { AgentRow } from '../agent/agent.ts';
import { newHome, type HomeRow } from '../agent/home.ts';
import type { AgentSession, AskSubject, ModelWindow, StepEnd, StepStart } from '../agent/session.ts';
import type { StepRow } from '../agent/step.ts';
import { newItemRow } from '../context/new-item.ts';
import type { ContextItemRow, NewItem } from '../context/item.ts';
import { recall } from '../context/recall.ts';
import { shownTokens } from '../context/prompt-tokens.ts';
import { learnFactor } from '../context/model-factor.ts';
import { recordEvent } from '../event/record-event.ts';
import type { Fence, WriteTransaction } from '../store/store.ts';
import type { TaskRow } from '../task/task.ts';
import { RoomMaker, type RoomPorts } from './make-room.ts';
import { isFreezable, type StepGate } from './step-gate.ts';

export type SessionPorts = Omit<RoomPorts, 'actor'>;

export interface SessionOf {
  /** Held shut for the moment of a consistent cut. */
  readonly gate: StepGate;
  /** Told of a command before its step begins; the step waits for it. */
  readonly beforeCommand?: (line: string) => Promise<void>;
  readonly agent: AgentRow;
  readonly task: TaskRow;
  readonly fence: Fence;
}

/** An agent's steps and memory in the store, under the owner's fence. */
export class StoreAgentSession implements AgentSession {
  readonly #ports: RoomPorts;
  readonly #room: RoomMaker;
  readonly #of: SessionOf;
  readonly #leave = new Map<string, () => void>();

  constructor(ports: SessionPorts, of: SessionOf) {
    this.#ports = { ...ports, actor: `agent:${of.agent.name}` };
    this.#of = of;
    const { agent, task, fence } = of;
    this.#room = new RoomMaker(this.#ports, { agent: agent.name, taskId: task.id, fence });
  }

  items(): Promise<readonly ContextItemRow[]> {
    return this.#ports.store.read((tx) =>
      tx.list('context_items', { where: { agent: this.#of.agent.name } }),
    );
  }

  stubs(): Promise<ReadonlyMap<string, string>> {
    const { name } = this.#of.agent;
    return this.#ports.store.read(async (tx) => {
      // Asked before every call of the model: most of the time nothing is out, and no item has to be read.
      const pieces = await tx.pick('archives', ['itemId', 'stub'], { where: { agent: name } });
      const ids = [...new Set(pieces.flatMap(({ itemId, stub }) => (stub === null ? [] : [itemId])))];
      if (ids.length === 0) return new Map();
      const rows = await tx.pick('context_items', ['id', 'promptText'], { where: { id: { in: ids } } });
      return new Map(
        rows.flatMap(({ id, promptText }) => (promptText === null ? [] : [[id, promptText] as const])),
      );
    });
  }

  async interrupted(): Promise<readonly StepRow[]> {
    const steps = await this.#ports.store.read((tx) =>
      tx.list('steps', { where: { agent: this.#of.agent.name, taskId: this.#of.task.id } }),
    );
    const lastEnded = steps.findLast((step) => step.status === 'completed' || step.status === 'failed');
    return steps.filter((step) => step.status === 'interrupted' && step.seq > (lastEnded?.seq ?? 0));
  }

  remember(items: readonly NewItem[]): Promise<readonly ContextItemRow[]> {
    return this.#write((tx) => this.#addItems(tx, { items, stepId: null }));
  }

  async beginStep(start: StepStart): Promise<StepRow> {
    if (start.commandLine !== undefined) await this.#of.beforeCommand?.(start.commandLine);
    const leave = await this.#of.gate.enter(start);
    try {
      const step = await this.#insertStep(start);
      if (isFreezable(step)) leave();
      else this.#leave.set(step.id, leave);
      return step;
    } catch (error) {
      leave();
      throw error;
    }
  }

  #insertStep(start: StepStart): Promise<StepRow> {
    const { ids, clock } = this.#ports;
    return this.#write(async (tx) => {
      const seq = await this.#nextStepSeq(tx);
      const step: StepRow = {
        id: ids.next('step'),
        agent: this.#of.agent.name,
        seq,
        taskId: this.#of.task.id,
        epoch: this.#of.fence.epoch,
        kind: start.kind,
        name: start.name,
        callId: start.callId ?? null,
        parentId: start.parentId ?? null,
        effect: start.effect,
        status: 'started',
        intent: start.intent,
        outcome: null,
        lateOutcome: null,
        repeats: start.repeats ?? null,
        startedAt: clock.now(),
        endedAt: null,
      };
      await tx.insert('steps', step);
      await this.#tellStarted(tx, step);
      return step;
    });
  }

  async endStep(step: StepRow, end: StepEnd): Promise<boolean> {
    this.#leave.get(step.id)?.();
    this.#leave.delete(step.id);
    return this.#closeStep(step, end);
  }

  #closeStep(step: StepRow, end: StepEnd): Promise<boolean> {
    const { clock } = this.#ports;
    return this.#write(async (tx) => {
      const ended = await tx.update('steps', {
        key: [step.agent, step.seq],
        expect: { status: 'started', id: step.id },
        set: { status: end.status, outcome: end.outcome, endedAt: clock.now() },
      });
      if (!ended) return this.#keepLate(tx, { step, end });
      // Before the reply is added: the memory is still what the call sent.
      await this.#learnFactor(tx, end);
      await this.#addItems(tx, { items: end.items ?? [], stepId: step.id });
      if (end.cost !== undefined) await this.#addCost(tx, { step, cost: end.cost });
      await this.#tellEnded(tx, { step, end });
      return true;
    });
  }

  tellWaiting(waitMs: number, problem: string): Promise<void> {
    const data = { agent: this.#of.agent.name, waitMs, problem };
    return this.#write((tx) => recordEvent(tx, this.#ports, { type: 'model-waiting', data }));
  }

  ask(question: string, subject: AskSubject): Promise<string> {
    const { ids, clock } = this.#ports;
    const { agent, task } = this.#of;
    return this.#write(async (tx) => {
      // Asked before by a run that ended before its task could be said to wait.
      const open = await tx.list('blockers', { where: { taskId: task.id, question, status: 'open' } });
      if (open[0] !== undefined) return open[0].id;
      const blockerId = ids.next('blocker');
      await tx.insert('blockers', {
        id: blockerId,
        taskId: task.id,
        agent: agent.name,
        subject,
        question,
        status: 'open',
        answer: null,
        createdAt: clock.now(),
        answeredAt: null,
      });
      await recordEvent(tx, this.#ports, {
        type: 'blocker-opened',
        data: { blockerId, taskId: task.id, agent: agent.name, question },
      });
      return blockerId;
    });
  }

  async answers(): ReturnType<AgentSession['answers']> {
    const rows = await this.#ports.store.read((tx) =>
      tx.list('blockers', {
        where: { taskId: this.#of.task.id, status: 'answered' },
        orderBy: 'answeredAt',
      }),
    );
    return rows.map(({ id, subject, question, answer }) => ({
      blockerId: id,
      subject,
      question,
      answer: answer ?? '',
    }));
  }

  async home(): Promise<HomeRow | null> {
    return (await this.#ports.store.read((tx) => tx.get('homes', this.#of.agent.name))) ?? null;
  }

  keepHome(change: Partial<Omit<HomeRow, 'agent'>>): Promise<void> {
    const agent = this.#of.agent.name;
    return this.#write(async (tx) => {
      if (await tx.update('homes', { key: [agent], set: change })) return;
      await tx.insert('homes', { ...newHome, ...change, agent });
    });
  }

  tellSecretSent(kind: string): Promise<void> {
    const data = { agent: this.#of.agent.name, kind };
    return this.#write((tx) => recordEvent(tx, this.#ports, { type: 'secret-sent', data }));
  }

  tellSessionLost(problem: string): Promise<void> {
    const data = { agent: this.#of.agent.name, problem };
    return this.#write((tx) => recordEvent(tx, this.#ports, { type: 'session-lost', data }));
  }

  makeRoom(window: ModelWindow): Promise<boolean> {
    return this.#room.makeRoom(window);
  }

  recall(query: Parameters<AgentSession['recall']>[0]): ReturnType<AgentSession['recall']> {
    return this.#write((tx) => recall(tx, this.#ports, { ...query, agent: this.#of.agent.name }));
  }

  #write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    return this.#ports.store.write(work, { fence: this.#of.fence });
  }

  async #nextStepSeq(tx: WriteTransaction): Promise<number> {
    const { name } = this.#of.agent;
    const agent = await tx.get('agents', name);
    const seq = (agent?.stepCount ?? 0) + 1;
    await tx.update('agents', { key: [name], set: { stepCount: seq } });
    return seq;
  }

  async #tellStarted(tx: WriteTransaction, step: StepRow): Promise<void> {
    const { id: stepId, agent, kind, name, intent, repeats } = step;
    await recordEvent(tx, this.#ports, {
      type: 'step-started',
      data: { stepId, agent, kind, name, summary: intent.summary },
    });
    if (repeats === null) return;
    await recordEvent(tx, this.#ports, { type: 'step-repeated', data: { stepId, repeats, agent, name } });
  }

  #tellEnded(tx: WriteTransaction, ended: { readonly step: StepRow; readonly end: StepEnd }): Promise<void> {
    const { id: stepId, agent, name } = ended.step;
    const { status, outcome } = ended.end;
    const { summary } = outcome;
    return recordEvent(
      tx,
      this.#ports,
      status === 'interrupted'
        ? { type: 'step-interrupted', data: { stepId, agent, name, summary } }
        : { type: 'step-ended', data: { stepId, agent, status, summary } },
    );
  }

  async #keepLate(
    tx: WriteTransaction,
    late: { readonly step: StepRow; readonly end: StepEnd },
  ): Promise<false> {
    const { step, end } = late;
    await tx.update('steps', { key: [step.agent, step.seq], set: { lateOutcome: end.outcome } });
    if (end.cost !== undefined) await this.#addCost(tx, { step, cost: end.cost });
    await recordEvent(tx, this.#ports, {
      type: 'late-result',
      data: { stepId: step.id, agent: step.agent },
    });
    return false;
  }

  async #addItems(
    tx: WriteTransaction,
    added: { readonly items: readonly NewItem[]; readonly stepId: string | null },
  ): Promise<readonly ContextItemRow[]> {
    if (added.items.length === 0) return [];
    const { agent, task } = this.#of;
    const [newest] = await tx.list('context_items', {
      where: { agent: agent.name },
      orderBy: 'seq',
      descending: true,
      limit: 1,
    });
    const step = (await tx.get('agents', agent.name))?.stepCount ?? 0;
    const rows: ContextItemRow[] = [];
    for (const item of added.items) {
      const seq = (newest?.seq ?? 0) + 1 + rows.length;
      const row = newItemRow(this.#ports, {
        item,
        place: { agent: agent.name, taskId: task.id, stepId: added.stepId, seq, step },
      });
      await tx.insert('context_items', row);
      rows.push(row);
    }
    return rows;
  }

  async #learnFactor(tx: WriteTransaction, { cost, besides, shown }: StepEnd): Promise<void> {
    // What a recording says was counted for another prompt.
    if (cost === undefined || besides === undefined || cost.recorded) return;
    const { tokens, clock } = this.#ports;
    const { model, inputTokens } = cost;
    const where = { agent: this.#of.agent.name };
    const memory = shownTokens(await tx.pick('context_items', ['id', 'promptTokens'], { where }), shown);
    const { method } = tokens;
    const known = await tx.get('model_factors', model, method);
    const counted = memory + tokens.count(besides);
    const row = learnFactor(known, { model, method, inputTokens, counted, at: clock.now() });
    if (row === null) return;
    if (known === undefined) await tx.insert('model_factors', row);
    else await tx.update('model_factors', { key: [model, method], set: row });
  }

  #addCost(
    tx: WriteTransaction,
    spent: { readonly step: StepRow; readonly cost: NonNullable<StepEnd['cost']> },
  ): Promise<void> {
    const { step, cost } = spent;
    return tx.insert('costs', {
      ...cost,
      stepId: step.id,
      agent: step.agent,
      taskId: step.taskId,
      at: this.#ports.clock.now(),
    });
  }
}
