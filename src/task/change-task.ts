import { recordEvent, type EventPorts } from '../event/record-event.ts';
import type { EventData } from '../event/event.ts';
import type { WriteTransaction } from '../store/store.ts';
import type { TaskRow, TaskState } from './task.ts';

/**
 * Moves a task to another state by compare-and-set and records the event in the same transaction.
 * Answers false, and records nothing, when the task is no longer in the state that the decision was made on.
 */
export async function changeTask(
  tx: WriteTransaction,
  ports: EventPorts,
  change: {
    readonly task: TaskRow;
    readonly to: TaskState;
    readonly event: EventData;
    readonly attempts?: number;
  },
): Promise<boolean> {
  const { task, to } = change;
  const changed = await tx.update('tasks', {
    key: [task.id],
    expect: { status: task.status },
    set: { status: to.kind, state: to, attempts: change.attempts ?? task.attempts },
  });
  if (changed) await recordEvent(tx, ports, change.event);
  return changed;
}
