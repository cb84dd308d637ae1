import type { CodeframeEvent } from '../../src/event/event.ts';
import type { Tables } from '../../src/store/tables.ts';

/** Rows for the tests of stores: whole ones, of which a test says only what it is about. */
export function task(change: Partial<Tables['tasks']> = {}): Tables['tasks'] {
  return {
    id: 1,
    title: 'a task',
    details: '',
    agent: null,
    after: [],
    status: 'pending',
    state: { kind: 'pending' },
    attempts: 0,
    createdAt: 1_000,
    ...change,
  };
}

export function step(change: Partial<Tables['steps']> = {}): Tables['steps'] {
  const seq = change.seq ?? 1;
  return {
    id: `s${seq}`,
    agent: 'ada',
    seq,
    taskId: 1,
    epoch: 1,
    kind: 'tool',
    name: 'run',
    callId: null,
    parentId: null,
    effect: 'unsafe',
    status: 'started',
    intent: { summary: 'run it' },
    outcome: null,
    lateOutcome: null,
    repeats: null,
    startedAt: 1_000,
    endedAt: null,
    ...change,
  };
}

export function item(change: Partial<Tables['context_items']> = {}): Tables['context_items'] {
  const seq = change.seq ?? 1;
  return {
    id: `i${seq}`,
    agent: 'ada',
    seq,
    taskId: null,
    stepId: null,
    kind: 'message',
    tool: null,
    path: null,
    callId: null,
    isError: false,
    input: null,
    text: 'said',
    promptText: null,
    meta: null,
    tokens: 1,
    promptTokens: 1,
    tokenMethod: 'test',
    importance: 0.5,
    tier: 'HOT',
    pinned: false,
    accessCount: 0,
    step: 1,
    lastUsedStep: 1,
    createdAt: 1_000,
    ...change,
  };
}

export function cost(change: Partial<Tables['costs']> = {}): Tables['costs'] {
  return {
    stepId: 's1',
    agent: 'ada',
    taskId: 1,
    model: 'm',
    recorded: false,
    inputTokens: 1,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 1,
    costUsd: null,
    at: 1_000,
    ...change,
  };
}

export function archive(change: Partial<Tables['archives']> = {}): Tables['archives'] {
  return {
    id: 'r1',
    itemId: 'i1',
    agent: 'ada',
    from: 0,
    to: 4,
    sha256: '',
    pauseId: null,
    archivedAt: 1_000,
    recalledAt: null,
    stub: null,
    ...change,
  };
}

export function lease(change: Partial<Tables['leases']> = {}): Tables['leases'] {
  return {
    name: 'runner',
    epoch: 1,
    ownerId: 'o1',
    command: 'start',
    pid: 1,
    host: 'h',
    bootId: 'b',
    processStart: 'p',
    acquiredAt: 1_000,
    renewedAt: 1_000,
    ttlMs: 15_000,
    ...change,
  };
}

export function event(id: string, taskId = 1): CodeframeEvent {
  return { id, at: 1_000, actor: 'test', type: 'task-held', data: { taskId, agent: 'ada' } };
}
