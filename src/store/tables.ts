import type { AgentRow } from '../agent/agent.ts';
import type { HomeRow } from '../agent/home.ts';
import type { WorktreeRow } from '../agent/worktree.ts';
import type { StepRow } from '../agent/step.ts';
import type { BlockerRow } from '../blocker/blocker.ts';
import type { CheckpointRequestRow, CheckpointRow } from '../checkpoint/checkpoint.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
import type { ArchiveRow } from '../context/archive.ts';
import type { ContextItemRow } from '../context/item.ts';
import type { EventRow } from '../event/event.ts';
import type { LeaseRow } from '../project/lease.ts';
import type { PauseRow } from '../project/pause.ts';
import type { ProjectRow } from '../project/project.ts';
import type { CostRow } from '../agent/cost.ts';
import type { ModelFactorRow } from '../context/model-factor.ts';
import type { TaskRow } from '../task/task.ts';

/** What each table holds. A row is flat; a column of kind `json` carries a value that is parsed once, at the edge. */
export interface Tables {
  readonly project: ProjectRow;
  readonly leases: LeaseRow;
  readonly agents: AgentRow;
  readonly homes: HomeRow;
  readonly worktrees: WorktreeRow;
  readonly tasks: TaskRow;
  readonly blockers: BlockerRow;
  readonly steps: StepRow;
  readonly context_items: ContextItemRow;
  readonly archives: ArchiveRow;
  readonly costs: CostRow;
  readonly model_factors: ModelFactorRow;
  readonly pauses: PauseRow;
  readonly checkpoints: CheckpointRow;
  readonly checkpoint_requests: CheckpointRequestRow;
  readonly restores: RestoreRow;
  readonly counters: CounterRow;
  readonly events: EventRow;
}

export type TableName = keyof Tables;

/** A number that only grows and never rewinds, so that a task made after a restore gets a new id. */
export interface CounterRow {
  readonly name: string;
  readonly value: number;
}

export type ColumnKind = 'text' | 'integer' | 'real' | 'boolean' | 'json';

export interface TableSpec<Row> {
  /** The columns that name a row, in order. Lists come in this order unless asked otherwise. */
  readonly key: readonly (keyof Row & string)[];
  /** `state` goes back with a restore; `ledger` never does (R5). */
  readonly part: 'state' | 'ledger';
  /** Every column with its kind; a `?` after it allows null. */
  readonly columns: { readonly [Column in keyof Row & string]: ColumnKind | `${ColumnKind}?` };
}

/** The tables, in an order in which rows can be loaded. The SQL adapters' migrations must agree with it; a conformance test compares them. */
export const tables: { readonly [Name in TableName]: TableSpec<Tables[Name]> } = {
  project: {
    key: ['id'],
    part: 'ledger',
    columns: { id: 'text', name: 'text', status: 'text', state: 'json', createdAt: 'integer' },
  },
  leases: {
    key: ['name'],
    part: 'ledger',
    columns: {
      name: 'text',
      epoch: 'integer',
      ownerId: 'text?',
      command: 'text?',
      pid: 'integer?',
      host: 'text?',
      bootId: 'text?',
      processStart: 'text?',
      acquiredAt: 'integer?',
      renewedAt: 'integer?',
      ttlMs: 'integer',
    },
  },
  agents: {
    key: ['name'],
    part: 'state',
    columns: {
      name: 'text',
      role: 'text',
      driver: 'text',
      settings: 'json',
      status: 'text',
      stepCount: 'integer',
      lastStop: 'json?',
      createdAt: 'integer',
    },
  },
  homes: {
    key: ['agent'],
    part: 'state',
    columns: {
      agent: 'text',
      sessionId: 'text?',
      taskId: 'integer?',
      turn: 'text',
      fromId: 'text?',
      leftAt: 'integer?',
    },
  },
  worktrees: {
    key: ['agent'],
    part: 'state',
    columns: { agent: 'text', name: 'text', branch: 'text', fromId: 'text?' },
  },
  tasks: {
    key: ['id'],
    part: 'state',
    columns: {
      id: 'integer',
      title: 'text',
      details: 'text',
      agent: 'text?',
      after: 'json',
      status: 'text',
      state: 'json',
      attempts: 'integer',
      createdAt: 'integer',
    },
  },
  blockers: {
    key: ['id'],
    part: 'state',
    columns: {
      id: 'text',
      taskId: 'integer',
      agent: 'text',
      subject: 'json',
      question: 'text',
      status: 'text',
      answer: 'text?',
      createdAt: 'integer',
      answeredAt: 'integer?',
    },
  },
  steps: {
    key: ['agent', 'seq'],
    part: 'state',
    columns: {
      id: 'text',
      agent: 'text',
      seq: 'integer',
      taskId: 'integer',
      epoch: 'integer',
      kind: 'text',
      name: 'text',
      callId: 'text?',
      parentId: 'text?',
      effect: 'text',
      status: 'text',
      intent: 'json',
      outcome: 'json?',
      lateOutcome: 'json?',
      repeats: 'text?',
      startedAt: 'integer',
      endedAt: 'integer?',
    },
  },
  context_items: {
    key: ['agent', 'seq'],
    part: 'state',
    columns: {
      id: 'text',
      agent: 'text',
      seq: 'integer',
      taskId: 'integer?',
      stepId: 'text?',
      kind: 'text',
      tool: 'text?',
      path: 'text?',
      callId: 'text?',
      isError: 'boolean',
      input: 'json?',
      text: 'text',
      promptText: 'text?',
      meta: 'json?',
      tokens: 'integer',
      promptTokens: 'integer',
      tokenMethod: 'text',
      importance: 'real',
      tier: 'text',
      pinned: 'boolean',
      accessCount: 'integer',
      step: 'integer',
      lastUsedStep: 'integer',
      createdAt: 'integer',
    },
  },
  archives: {
    key: ['id'],
    part: 'state',
    columns: {
      id: 'text',
      itemId: 'text',
      agent: 'text',
      from: 'integer',
      to: 'integer',
      sha256: 'text',
      pauseId: 'text?',
      archivedAt: 'integer',
      recalledAt: 'integer?',
      stub: 'text?',
    },
  },
  costs: {
    key: ['stepId'],
    part: 'ledger',
    columns: {
      stepId: 'text',
      agent: 'text',
      taskId: 'integer',
      model: 'text',
      recorded: 'boolean',
      inputTokens: 'integer',
      cacheReadTokens: 'integer',
      cacheWriteTokens: 'integer',
      outputTokens: 'integer',
      costUsd: 'real?',
      at: 'integer',
    },
  },
  model_factors: {
    key: ['model', 'method'],
    part: 'ledger',
    columns: { model: 'text', method: 'text', factor: 'real', calls: 'integer', updatedAt: 'integer' },
  },
  pauses: {
    key: ['id'],
    part: 'ledger',
    columns: {
      id: 'text',
      reason: 'text?',
      requestedBy: 'text',
      requestedAt: 'integer',
      graceMs: 'integer',
      status: 'text',
      checkpointId: 'text?',
      draft: 'json?',
      result: 'json?',
      problem: 'text?',
      endedAt: 'integer?',
    },
  },
  checkpoints: {
    key: ['id'],
    part: 'ledger',
    columns: {
      id: 'text',
      name: 'text?',
      trigger: 'text',
      reason: 'text?',
      createdBy: 'text',
      parentId: 'text?',
      pauseId: 'text?',
      commit: 'text',
      createdAt: 'integer',
      durationMs: 'integer',
      files: 'integer',
      bytes: 'integer',
      uncovered: 'integer',
      tokens: 'integer',
      heldMs: 'integer?',
      pinnedAt: 'integer?',
      deletedAt: 'integer?',
      reclaimedAt: 'integer?',
    },
  },
  checkpoint_requests: {
    key: ['id'],
    part: 'ledger',
    columns: {
      id: 'text',
      name: 'text?',
      reason: 'text?',
      requestedBy: 'text',
      requestedAt: 'integer',
      status: 'text',
      checkpointId: 'text?',
      heldMs: 'integer?',
      problem: 'text?',
      endedAt: 'integer?',
      requester: 'json?',
    },
  },
  restores: {
    key: ['id'],
    part: 'ledger',
    columns: {
      id: 'text',
      kind: 'text',
      checkpointId: 'text',
      safetyId: 'text?',
      only: 'json?',
      status: 'text',
      undoneBy: 'text?',
      requestedBy: 'text',
      startedAt: 'integer',
      endedAt: 'integer?',
      figures: 'json?',
      problem: 'text?',
      paths: 'json?',
      git: 'json?',
    },
  },
  counters: {
    key: ['name'],
    part: 'ledger',
    columns: { name: 'text', value: 'integer' },
  },
  events: {
    key: ['seq'],
    part: 'ledger',
    columns: { seq: 'integer', id: 'text', at: 'integer', actor: 'text', type: 'text', data: 'json' },
  },
};

/** The tables that can be searched, each with the column that holds its text. */
export const searchedColumns = { context_items: 'text' } as const satisfies {
  readonly [Name in TableName]?: keyof Tables[Name];
};

export type SearchedTable = keyof typeof searchedColumns;

export const tableNames = Object.keys(tables) as readonly TableName[];
