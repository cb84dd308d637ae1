import type { AgentRow } from '../agent/agent.ts';
import type { HomeRow } from '../agent/home.ts';
import type { WorktreeRow } from '../agent/worktree.ts';
import type { StepRow } from '../agent/step.ts';
import type { TaskRow } from '../task/task.ts';
import type { StateRows } from './parts.ts';
import type { RestorePart } from './restore.ts';

/**
 * The rows that a restore makes, from those of the checkpoint and those of now.
 *
 * `context` is the memory of the agents that are there now, with the steps that it is made of: an item and its step
 * belong together, and a memory without its steps would be told of interruptions that it knows. `state` is the rest.
 * An agent's step count follows its steps, because its next step takes the number after it. What git has of a worktree goes
 * back with all of the rest, or stays.
 */
export function wantedRows(rows: {
  readonly saved: StateRows;
  /** The checkpoint, and when it was made, ms. */
  readonly savedIn: string;
  readonly savedAt: number;
  readonly present: StateRows;
  readonly parts: ReadonlySet<RestorePart>;
}): StateRows {
  const { present, parts } = rows;
  const saved = {
    ...atRest(rows.saved, rows.savedAt),
    homes: rows.saved.homes.map((home) => movedOut(home, rows.savedIn)),
    worktrees: parts.has('code')
      ? rows.saved.worktrees.map((tree): WorktreeRow => ({ ...tree, fromId: rows.savedIn }))
      : present.worktrees,
  };
  if (parts.has('state') && parts.has('context')) return saved;
  if (parts.has('context')) return withMemory(saved, present);
  return parts.has('state') ? withoutMemory(saved, present) : present;
}

/** A checkpoint can be made while agents work; nothing of that runs any more. Pure: the same rows give the same. */
function atRest(rows: StateRows, savedAt: number): StateRows {
  return {
    ...rows,
    agents: rows.agents.map((agent): AgentRow => ({ ...agent, status: 'idle' })),
    tasks: rows.tasks.map(heldTask),
    steps: rows.steps.map((step) => (step.status === 'started' ? interruptedStep(step, savedAt) : step)),
  };
}

/** Its session files are put in place before it works again: until then nothing of them is half there. */
function movedOut(home: HomeRow, savedIn: string): HomeRow {
  return home.sessionId === null ? home : { ...home, fromId: savedIn };
}

function heldTask(task: TaskRow): TaskRow {
  if (task.state.kind !== 'running') return task;
  const { agent, since } = task.state;
  return { ...task, status: 'held', state: { kind: 'held', agent, since } };
}

function interruptedStep(step: StepRow, savedAt: number): StepRow {
  const summary = `cut while it ran, outcome unknown: ${step.intent.summary}`;
  return { ...step, status: 'interrupted', endedAt: savedAt, outcome: { summary, isError: true } };
}

/** The memory of before under the state of now. Nobody is left to have the memory of an agent that is gone. */
function withMemory(saved: StateRows, present: StateRows): StateRows {
  const names = new Set(present.agents.map(({ name }) => name));
  const isThere = ({ agent }: { readonly agent: string }): boolean => names.has(agent);
  const steps = saved.steps.filter(isThere);
  return {
    ...present,
    agents: present.agents.map((agent) => ({ ...agent, stepCount: stepsOf(steps, agent.name) })),
    homes: saved.homes.filter(isThere),
    steps,
    context_items: saved.context_items.filter(isThere),
    archives: saved.archives.filter(isThere),
  };
}

/** The state of before under the memory of now: an agent that the checkpoint does not know stays, if it has one. */
function withoutMemory(saved: StateRows, present: StateRows): StateRows {
  const known = new Set(saved.agents.map(({ name }) => name));
  const remembering = new Set([...present.steps, ...present.context_items].map(({ agent }) => agent));
  const later = present.agents.filter(({ name }) => !known.has(name) && remembering.has(name));
  const agents = [...saved.agents, ...later].map((agent) => ({
    ...agent,
    stepCount: stepsOf(present.steps, agent.name),
  }));
  return {
    ...present,
    agents: agents.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    tasks: saved.tasks,
    blockers: saved.blockers,
  };
}

function stepsOf(steps: readonly StepRow[], agent: string): number {
  return steps.reduce((most, step) => (step.agent === agent ? Math.max(most, step.seq) : most), 0);
}
