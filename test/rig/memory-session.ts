import type { AgentRow } from '../../src/agent/agent.ts';
import type { CostRow } from '../../src/agent/cost.ts';
import { newHome, type HomeRow } from '../../src/agent/home.ts';
import type { AgentSession, AskSubject, StepEnd, StepStart } from '../../src/agent/session.ts';
import type { StepRow } from '../../src/agent/step.ts';
import type { BlockerRow } from '../../src/blocker/blocker.ts';
import type { ContextItemRow, NewItem } from '../../src/context/item.ts';
import type { Recalled } from '../../src/context/recall.ts';
import { CodeframeError } from '../../src/failure.ts';
import type { TaskRow } from '../../src/task/task.ts';

/** What survives a crash: the rows of one agent, as the store would hold them. */
export interface AgentRows {
  readonly items: ContextItemRow[];
  readonly steps: StepRow[];
  readonly costs: CostRow[];
  readonly blockers: BlockerRow[];
  readonly homes: HomeRow[];
}

export function noRows(): AgentRows {
  return { items: [], steps: [], costs: [], blockers: [], homes: [] };
}

export function agentRow(settings: AgentRow['settings'] = {}): AgentRow {
  return {
    name: 'ada',
    role: '',
    driver: 'model',
    settings,
    status: 'working',
    stepCount: 0,
    lastStop: null,
    createdAt: 0,
  };
}

export function taskRow(id = 1): TaskRow {
  const state = { kind: 'running', agent: 'ada', since: 0 } as const;
  return {
    id,
    title: `Write the file of task ${id}`,
    details: 'As asked.',
    agent: 'ada',
    after: [],
    status: 'running',
    state,
    attempts: 1,
    createdAt: 0,
  };
}

/** Kills the session at its nth write, as kill -9 of the runner would: that write and all later ones never happen. */
class Crash extends Error {}

/**
 * An `AgentSession` over plain rows, for tests of the model loop. Same rules as the one in the store;
 * `crashAt` makes the nth write and all after it fail, `stale` refuses every write as the fence would.
 */
export class MemorySession implements AgentSession {
  readonly rows: AgentRows;
  readonly #task: TaskRow;
  writes = 0;
  crashAt = Number.POSITIVE_INFINITY;
  stale = false;
  /** The kinds that were told of, as often as they were. */
  readonly secretsSent: string[] = [];
  /** Called after each write, with what it was. */
  onWrite: (what: string) => void = () => undefined;

  constructor(rows: AgentRows, task: TaskRow) {
    this.rows = rows;
    this.#task = task;
  }

  /** What a new owner does first: steps without an end are interrupted. */
  static recover(rows: AgentRows): void {
    rows.steps.forEach((step, index) => {
      if (step.status === 'started') rows.steps[index] = { ...step, status: 'interrupted', endedAt: 0 };
    });
  }

  async items(): Promise<readonly ContextItemRow[]> {
    return [...this.rows.items];
  }

  async stubs(): Promise<ReadonlyMap<string, string>> {
    return new Map(
      this.rows.items.flatMap(({ id, promptText }) =>
        promptText === null ? [] : [[id, promptText] as const],
      ),
    );
  }

  async interrupted(): Promise<readonly StepRow[]> {
    const own = this.rows.steps.filter((step) => step.taskId === this.#task.id);
    const ended = own.findLast((step) => step.status === 'completed' || step.status === 'failed');
    return own.filter((step) => step.status === 'interrupted' && step.seq > (ended?.seq ?? 0));
  }

  async remember(items: readonly NewItem[]): Promise<readonly ContextItemRow[]> {
    if (items.length === 0) return [];
    this.#write();
    const rows = this.#add(items, null);
    this.onWrite('remember');
    return rows;
  }

  async beginStep(start: StepStart): Promise<StepRow> {
    this.#write();
    const seq = this.rows.steps.length + 1;
    const step: StepRow = {
      id: `s${seq}`,
      agent: 'ada',
      seq,
      taskId: this.#task.id,
      epoch: 1,
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
      startedAt: 0,
      endedAt: null,
    };
    this.rows.steps.push(step);
    this.onWrite(`begin ${start.name}`);
    return step;
  }

  async endStep(step: StepRow, end: StepEnd): Promise<boolean> {
    this.#write();
    const index = this.rows.steps.findIndex((row) => row.id === step.id);
    const row = this.rows.steps[index];
    if (!row) throw new Error(`no step ${step.id}`);
    if (row.status !== 'started') {
      this.rows.steps[index] = { ...row, lateOutcome: end.outcome };
      return false;
    }
    this.rows.steps[index] = { ...row, status: end.status, outcome: end.outcome, endedAt: 0 };
    this.#add(end.items ?? [], step.id);
    if (end.cost)
      this.rows.costs.push({ ...end.cost, stepId: step.id, agent: 'ada', taskId: step.taskId, at: 0 });
    this.onWrite(`end ${step.name} ${end.status}`);
    return true;
  }

  /** What was told of waits. */
  readonly waits: { readonly waitMs: number; readonly problem: string }[] = [];

  async tellWaiting(waitMs: number, problem: string): Promise<void> {
    this.waits.push({ waitMs, problem });
  }

  async ask(question: string, subject: AskSubject): Promise<string> {
    const open = this.rows.blockers.find(
      (row) => row.status === 'open' && row.taskId === this.#task.id && row.question === question,
    );
    if (open) return open.id;
    this.#write();
    const id = `b${this.rows.blockers.length + 1}`;
    this.rows.blockers.push({
      id,
      taskId: this.#task.id,
      agent: 'ada',
      subject,
      question,
      status: 'open',
      answer: null,
      createdAt: 0,
      answeredAt: null,
    });
    return id;
  }

  /** What a person does. */
  answer(blockerId: string, answer: string): void {
    const index = this.rows.blockers.findIndex((row) => row.id === blockerId);
    const row = this.rows.blockers[index];
    if (!row) throw new Error(`no blocker ${blockerId}`);
    this.rows.blockers[index] = { ...row, status: 'answered', answer, answeredAt: 0 };
  }

  async answers(): ReturnType<AgentSession['answers']> {
    return this.rows.blockers
      .filter((row) => row.status === 'answered' && row.taskId === this.#task.id)
      .map(({ id, subject, question, answer }) => ({
        blockerId: id,
        subject,
        question,
        answer: answer ?? '',
      }));
  }

  async home(): Promise<HomeRow | null> {
    return this.rows.homes[0] ?? null;
  }

  async keepHome(change: Partial<Omit<HomeRow, 'agent'>>): Promise<void> {
    this.#write();
    this.rows.homes[0] = { ...newHome, ...this.rows.homes[0], ...change, agent: 'ada' };
  }

  async tellSessionLost(): Promise<void> {}

  async tellSecretSent(kind: string): Promise<void> {
    this.secretsSent.push(kind);
  }

  async makeRoom(): Promise<boolean> {
    return false;
  }

  async recall(query: Parameters<AgentSession['recall']>[0]): Promise<readonly Recalled[]> {
    const wanted = (item: ContextItemRow): boolean =>
      'id' in query ? item.id === query.id : item.text.includes(query.text);
    const found = this.rows.items.filter((item) => item.promptText !== null && wanted(item));
    if (query.told !== true) for (const item of found) this.#putBack(item);
    return found.map(({ id, kind, agent, tool, path, text }) => ({
      archiveId: id,
      itemId: id,
      agent,
      kind,
      tool,
      path,
      text,
      wholeTokens: null,
    }));
  }

  #putBack(item: ContextItemRow): void {
    this.rows.items[this.rows.items.indexOf(item)] = { ...item, promptText: null };
  }

  #write(): void {
    if (this.stale) throw new CodeframeError({ code: 'stale-owner', epoch: 1, currentEpoch: 2 });
    this.writes += 1;
    if (this.writes >= this.crashAt) throw new Crash(`write ${this.writes}`);
  }

  #add(items: readonly NewItem[], stepId: string | null): readonly ContextItemRow[] {
    const rows = items.map((item, index) =>
      itemRow(item, { seq: this.rows.items.length + index + 1, stepId, taskId: this.#task.id }),
    );
    this.rows.items.push(...rows);
    return rows;
  }
}

export function itemRow(
  item: NewItem,
  place: { readonly seq: number; readonly stepId: string | null; readonly taskId: number },
): ContextItemRow {
  return {
    ...place,
    id: `i${place.seq}`,
    agent: 'ada',
    kind: item.kind,
    tool: item.tool ?? null,
    path: item.path ?? null,
    callId: item.callId ?? null,
    isError: item.isError ?? false,
    // As a column of kind json gives it back.
    input: item.input === undefined ? null : (JSON.parse(JSON.stringify(item.input)) as unknown),
    text: item.text,
    promptText: null,
    meta: item.meta === undefined ? null : (JSON.parse(JSON.stringify(item.meta)) as unknown),
    tokens: item.text.length,
    promptTokens: item.text.length,
    tokenMethod: 'length',
    importance: 0.5,
    tier: 'HOT',
    pinned: item.pinned ?? false,
    accessCount: 0,
    step: 0,
    lastUsedStep: 0,
    createdAt: 0,
  };
}
