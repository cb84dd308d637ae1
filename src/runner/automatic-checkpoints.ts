import { isFilePart, isRestoredPart, isRisky } from '../checkpoint/automatic.ts';
import type { Trigger } from '../checkpoint/checkpoint.ts';
import { createCheckpoint, Unchanged } from '../checkpoint/create-checkpoint.ts';
import { recordEvent } from '../event/record-event.ts';
import { isFailure } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence } from '../store/store.ts';
import type { TaskRow } from '../task/task.ts';
import { holdAgents } from './hold-agents.ts';
import type { ProjectPorts } from './ports.ts';
import type { StepGate } from './step-gate.ts';
import { tidyCheckpoints } from './tidy-checkpoints.ts';

interface Wanted {
  readonly trigger: Trigger;
  readonly reason: string | null;
  /** What must have changed since the checkpoint before. */
  readonly parts: (part: string) => boolean;
}

/**
 * The checkpoints that a runner makes without being asked: by the clock, when a task is done, before a risky command. None
 * is made when nothing has changed. One that fails is told, and the work goes on.
 */
export class AutomaticCheckpoints {
  readonly #ports: ProjectPorts;
  readonly #runner: { readonly fence: Fence; readonly gate: StepGate };
  readonly #under = new Set<Promise<void>>();
  #done: readonly TaskRow[] = [];
  #madeAt: number;
  #closed = false;
  #tidying: Promise<void> = Promise.resolve();

  constructor(ports: ProjectPorts, runner: { readonly fence: Fence; readonly gate: StepGate }) {
    this.#ports = ports;
    this.#runner = runner;
    this.#madeAt = ports.clock.elapsed();
  }

  /** The next `makeDue` makes one for it. */
  taskDone(task: TaskRow): void {
    if (this.#ports.checkpointSettings.afterTask) this.#done = [...this.#done, task];
  }

  /** Someone made one otherwise: the clock starts anew, and what the config deletes goes. */
  made(): void {
    this.#madeAt = this.#ports.clock.elapsed();
    this.#tidying = this.#tidying.then(() => tidyCheckpoints(this.#ports));
  }

  /** Whether a checkpoint is due for tasks that are done. */
  get hasTasksDone(): boolean {
    return this.#done.length > 0;
  }

  /** Makes what is due; returns when it is there, or has failed. Answers whether something was due. */
  async makeDue(): Promise<boolean> {
    const { checkpointSettings, clock } = this.#ports;
    const done = this.#done;
    if (done.length > 0) {
      this.#done = [];
      const reason = done.map(({ id, title }) => `task ${id}: ${title}`).join('; ');
      await this.#make({ trigger: 'task-done', reason, parts: isRestoredPart });
      return true;
    }
    const { everyMs } = checkpointSettings;
    if (everyMs === null || clock.elapsed() - this.#madeAt < everyMs) return false;
    await this.#make({ trigger: 'interval', reason: null, parts: isRestoredPart });
    return true;
  }

  /** Called by an agent that is about to run this command, and not to before this resolves. */
  async beforeCommand(agent: string, line: string): Promise<void> {
    if (!isRisky(this.#ports.checkpointSettings.beforeCommands, line)) return;
    await this.#make({ trigger: 'risky-command', reason: `${agent}: ${line}`, parts: isFilePart });
  }

  /** Makes no more, and waits for those under way: for a pause, which makes its own. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#under);
  }

  reopen(): void {
    this.#closed = false;
  }

  /** Resolves when what is deleted after the last one is deleted. */
  tidied(): Promise<void> {
    return this.#tidying;
  }

  async #make(wanted: Wanted): Promise<void> {
    if (this.#closed) return;
    const making = this.#tryMake(wanted);
    this.#under.add(making);
    try {
      await making;
    } finally {
      this.#under.delete(making);
      this.#madeAt = this.#ports.clock.elapsed();
    }
  }

  async #tryMake({ trigger, reason, parts }: Wanted): Promise<void> {
    const { store, log, actor } = this.#ports;
    const { fence, gate } = this.#runner;
    try {
      const last = await store.read((tx) =>
        tx.pick('checkpoints', ['id'], {
          where: { deletedAt: null },
          orderBy: 'createdAt',
          descending: true,
          limit: 1,
        }),
      );
      const { row } = await createCheckpoint(this.#ports, {
        trigger,
        createdBy: actor,
        fence,
        hold: holdAgents(this.#ports, gate),
        ...(reason === null ? {} : { reason }),
        ...(last[0] === undefined ? {} : { unlessAs: { id: last[0].id, parts } }),
      });
      log.info({ id: row.id, trigger, heldMs: row.heldMs }, 'an automatic checkpoint');
      this.made();
    } catch (error) {
      if (error instanceof Unchanged) log.debug({ trigger }, 'nothing has changed: no checkpoint');
      else await this.#tellFailed(trigger, error);
    }
  }

  async #tellFailed(trigger: Trigger, error: unknown): Promise<void> {
    const { store, log } = this.#ports;
    log.error({ err: error, trigger }, 'an automatic checkpoint failed; the work goes on');
    // The runner finds out by itself that it owns nothing any more.
    if (isFailure(error, 'stale-owner')) return;
    const data = { trigger, problem: problemOf(error) };
    const tell = store.write((tx) => recordEvent(tx, this.#ports, { type: 'checkpoint-failed', data }), {
      fence: this.#runner.fence,
    });
    await tell.catch((second: unknown) => {
      log.error({ err: second }, 'could not tell of it');
    });
  }
}
