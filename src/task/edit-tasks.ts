import type { NewTask } from '../handle.ts';
import { recordEvent, type EventPorts } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import { nearest } from '../ids.ts';
import type { ReadTransaction, Store } from '../store/store.ts';
import { changeTask } from './change-task.ts';
import type { TaskRow } from './task.ts';

type TaskPorts = EventPorts & { readonly store: Store };

/** Adds a task. Throws `unknown-id` for an agent or a task before it that is not there. */
export function addTask(ports: TaskPorts, task: NewTask): Promise<TaskRow> {
  const title = task.title.trim();
  if (title === '') {
    throw new CodeframeError({
      code: 'invalid-argument',
      argument: 'TITLE',
      problem: 'a task needs a title',
    });
  }
  return ports.store.write(async (tx) => {
    if (task.agent !== undefined) await refuseUnknownAgent(tx, task.agent);
    for (const id of task.after ?? []) await needTask(tx, id);
    const row: TaskRow = {
      id: await tx.nextNumber('tasks'),
      title,
      details: task.details ?? '',
      agent: task.agent ?? null,
      after: task.after ?? [],
      status: 'pending',
      state: { kind: 'pending' },
      attempts: 0,
      createdAt: ports.clock.now(),
    };
    await tx.insert('tasks', row);
    await recordEvent(tx, ports, { type: 'task-added', data: { taskId: row.id, title } });
    return row;
  });
}

/** Makes a task that failed, was cancelled or is held ready again, for any agent that it is for. */
export function retryTask(ports: TaskPorts, id: number): Promise<TaskRow> {
  return editTask(ports, {
    id,
    verb: 'be retried',
    fits: ['failed', 'cancelled', 'held'],
    to: { kind: 'pending' },
    event: { type: 'task-retried', data: { taskId: id } },
  });
}

/** Takes a task off the list; an agent that is at it is stopped by its runner. */
export function cancelTask(ports: TaskPorts, id: number): Promise<TaskRow> {
  return editTask(ports, {
    id,
    verb: 'be cancelled',
    fits: ['pending', 'running', 'held', 'waiting', 'failed'],
    to: { kind: 'cancelled', at: ports.clock.now() },
    event: { type: 'task-cancelled', data: { taskId: id } },
  });
}

function editTask(
  ports: TaskPorts,
  edit: {
    readonly id: number;
    readonly verb: string;
    readonly fits: readonly string[];
    readonly to: TaskRow['state'];
    readonly event: Parameters<typeof recordEvent>[2];
  },
): Promise<TaskRow> {
  return ports.store.write(async (tx) => {
    const task = await needTask(tx, edit.id);
    if (!edit.fits.includes(task.status)) {
      throw new CodeframeError({
        code: 'wrong-status',
        subject: `Task ${edit.id}`,
        verb: edit.verb,
        status: task.status,
        next: `codeframe task show ${edit.id}`,
      });
    }
    await changeTask(tx, ports, { task, to: edit.to, event: edit.event });
    if (edit.to.kind === 'cancelled') {
      for (const blocker of await tx.list('blockers', { where: { taskId: task.id, status: 'open' } })) {
        await tx.update('blockers', { key: [blocker.id], set: { status: 'dropped' } });
      }
    }
    return needTask(tx, edit.id);
  });
}

export async function needTask(tx: ReadTransaction, id: number): Promise<TaskRow> {
  const task = await tx.get('tasks', id);
  if (task !== undefined) return task;
  const known = (await tx.list('tasks')).map((row) => String(row.id));
  throw new CodeframeError({
    code: 'unknown-id',
    kind: 'task',
    id: String(id),
    near: nearest(String(id), known),
  });
}

async function refuseUnknownAgent(tx: ReadTransaction, name: string): Promise<void> {
  if ((await tx.get('agents', name)) !== undefined) return;
  const known = (await tx.list('agents')).map((agent) => agent.name);
  throw new CodeframeError({ code: 'unknown-id', kind: 'agent', id: name, near: nearest(name, known) });
}
