import type { RunEnd } from '../agent/driver.ts';
import type { AgentRow } from '../agent/agent.ts';
import { agentMarker, markerScope } from '../agent/processes.ts';
import type { RunSummary } from '../handle.ts';
import { recordEvent } from '../event/record-event.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import { changeProject, readProject } from '../project/change-project.ts';
import type { ProjectState, StopReason } from '../project/lifecycle.ts';
import type { PauseResult } from '../project/pause.ts';
import { problemOf } from '../problem-of.ts';
import type { BlockerRow } from '../blocker/blocker.ts';
import type { WriteTransaction } from '../store/store.ts';
import { livingSession } from '../secret/living-session.ts';
import { changeTask } from '../task/change-task.ts';
import { chooseTasks, isReady, type Assignment } from '../task/choose-tasks.ts';
import { finishedSummary, type TaskRow } from '../task/task.ts';
import type { ActiveRun } from './active-run.ts';
import { StoreAgentSession } from './agent-session.ts';
import { AutomaticCheckpoints } from './automatic-checkpoints.ts';
import { BudgetKeeper } from './keep-budget.ts';
import type { HeldLease } from './lease.ts';
import { MemoryLearner } from './learn-memories.ts';
import { serveCheckpoint } from './live-checkpoint.ts';
import { mergeWork } from './merge-work.ts';
import { performPause } from './perform-pause.ts';
import { worktreeFor } from './place-worktree.ts';
import type { RunnerPorts } from './ports.ts';
import { settleRun } from './settle-run.ts';
import { StepGate } from './step-gate.ts';
import { killAll, stopRuns } from './stop-runs.ts';
import { waitForChange } from './wait-for-change.ts';

/** How often the agents' processes are looked at: 4 ms of work each time. */
const lookMs = 2_000;

interface Seen {
  readonly state: ProjectState;
  readonly agents: readonly AgentRow[];
  readonly tasks: readonly TaskRow[];
  readonly blockers: readonly BlockerRow[];
}

/**
 * Owns a project's agents while they work: gives them tasks, and does what the store asks of it (a pause, a stop,
 * a cancelled task), whichever process wrote that there.
 */
export class Runner {
  readonly #ports: RunnerPorts;
  readonly #lease: HeldLease;
  readonly #active = new Map<string, ActiveRun>();
  /** The markers of all that this run started. */
  readonly #markers = new Set<string>();
  readonly #gate = new StepGate();
  readonly #automatic: AutomaticCheckpoints;
  readonly #budget: BudgetKeeper;
  #broken: unknown;

  constructor(ports: RunnerPorts, lease: HeldLease) {
    this.#ports = ports;
    this.#lease = lease;
    this.#automatic = new AutomaticCheckpoints(ports, { fence: lease.fence, gate: this.#gate });
    this.#budget = new BudgetKeeper(ports);
  }

  /** Works until there is nothing left to do, or a pause or a stop; gives the lease back. */
  async run(): Promise<RunSummary> {
    const guard = this.#ports.guard(this.#lease.fence.ownerId);
    const over = new AbortController();
    const watching = Promise.all([this.#watchProcesses(over.signal), this.#learnMemories(over.signal)]);
    try {
      return await this.#loop();
    } catch (error) {
      await this.#abandon(error);
      throw error;
    } finally {
      over.abort();
      await watching;
      await this.#automatic.close();
      await this.#automatic.tidied();
      await this.#lease.release();
      await guard.stop();
    }
  }

  /** A process that later wipes its environment and leaves its family is known by then: looking remembers it. */
  async #watchProcesses(signal: AbortSignal): Promise<void> {
    const { clock, processes, project, log } = this.#ports;
    while (!signal.aborted) {
      await clock.sleep(lookMs, signal);
      if (this.#active.size === 0) continue;
      await processes.marked(`${project.id}/`).catch((error: unknown) => {
        log.warn({ err: error }, 'could not look at the processes');
      });
    }
  }

  async #learnMemories(signal: AbortSignal): Promise<void> {
    const { known, flashSave } = this.#ports;
    if (known !== undefined && !flashSave.off) await new MemoryLearner(this.#ports, known).run(signal);
  }

  async #loop(): Promise<RunSummary> {
    const { store } = this.#ports;
    for (;;) {
      if (this.#broken !== undefined) throw this.#broken;
      if (this.#lease.lost.aborted) throw this.#lease.lost.reason;
      const version = await store.version();
      const seen = await this.#look();
      const over = await this.#obey(seen);
      if (over !== undefined) return over;
      if (await this.#budget.keep(seen.state)) continue;
      const served = await serveCheckpoint(this.#ports, { fence: this.#lease.fence, gate: this.#gate });
      if (served) this.#automatic.made();
      // Meanwhile tasks may have ended: what was seen before is old.
      if ((await this.#automatic.makeDue()) || served) continue;
      this.#dropCancelled(seen);
      const begun = await this.#assign(seen);
      if (begun === 0 && this.#active.size === 0 && !this.#automatic.hasTasksDone) {
        const finished = await this.#finish(await this.#look());
        if (finished !== undefined) return finished;
      }
      await waitForChange(this.#ports, { version, withinMs: 1000, signal: this.#lease.lost });
    }
  }

  #look(): Promise<Seen> {
    return this.#ports.store.read(async (tx) => ({
      state: (await readProject(tx, this.#ports.project.id)).state,
      agents: await tx.list('agents'),
      tasks: await tx.list('tasks'),
      blockers: await tx.list('blockers'),
    }));
  }

  /** A pause or a stop that somebody asked for. Undefined: go on. */
  async #obey(seen: Seen): Promise<RunSummary | undefined> {
    if (seen.state.kind === 'pausing') return this.#pause(seen.state);
    if (seen.state.kind !== 'stopping') return undefined;
    await this.#stop(seen.state.graceMs);
    return this.#end('asked', null);
  }

  async #stop(graceMs: number): Promise<void> {
    const [hurry, over] = [new AbortController(), new AbortController()];
    const watching = this.#untilCut(over.signal).then((cut) => cut && hurry.abort());
    try {
      await stopRuns(this.#ports, { runs: [...this.#active.values()], graceMs, hurry: hurry.signal });
    } finally {
      over.abort();
      await watching;
    }
  }

  /** Answers true as soon as a stop without grace was asked for on top of the one under way. */
  async #untilCut(over: AbortSignal): Promise<boolean> {
    while (!over.aborted) {
      const version = await this.#ports.store.version();
      const { state } = await this.#look();
      if (state.kind === 'stopping' && state.graceMs === 0) return true;
      await waitForChange(this.#ports, { version, withinMs: 1000, signal: over });
    }
    return false;
  }

  /** A pause that fails leaves the agents working: their tasks are held, so the loop gives them out again (P4). */
  async #pause(asked: { readonly pauseId: string; readonly since: number }): Promise<RunSummary | undefined> {
    let pause: PauseResult;
    await this.#automatic.close();
    const runs = [...this.#active.values()];
    try {
      pause = await performPause(this.#ports, {
        pauseId: asked.pauseId,
        fence: this.#lease.fence,
        runs,
        waitedMs: Math.max(0, this.#ports.clock.now() - asked.since),
      });
    } catch (error) {
      const { state } = await this.#look();
      if (state.kind === 'pausing') throw unrecorded(asked.pauseId, error);
      this.#automatic.reopen();
      return undefined;
    }
    this.#automatic.made();
    this.#lease.forget();
    return this.#summary('paused', pause);
  }

  #dropCancelled(seen: Seen): void {
    for (const [name, active] of this.#active) {
      const task = seen.tasks.find(({ id }) => id === active.task.id);
      if (task?.state.kind === 'running') continue;
      this.#ports.log.debug({ agent: name, taskId: active.task.id }, 'its task was taken away');
      active.run.cut();
      active.run.kill().catch((error: unknown) => {
        this.#ports.log.error({ err: error, agent: name }, 'could not end what a cancelled task left');
      });
    }
  }

  async #assign(seen: Seen): Promise<number> {
    const free = seen.agents.filter((agent) => !this.#active.has(agent.name));
    const open = new Set(seen.blockers.filter(({ status }) => status === 'open').map(({ id }) => id));
    const answered = new Set(
      seen.tasks.flatMap(({ id, state }) =>
        state.kind === 'waiting' && !open.has(state.blockerId) ? [id] : [],
      ),
    );
    let begun = 0;
    for (const assignment of chooseTasks(seen.tasks, free, answered)) {
      if (finishedSummary(assignment.task) !== null) {
        await this.#merge(assignment);
        begun += 1;
      } else if (await this.#begin(assignment)) begun += 1;
    }
    return begun;
  }

  /** Here and nowhere else, so that one at a time is merged, and none during a pause or a checkpoint of this loop. */
  async #merge({ agent, task }: Assignment): Promise<void> {
    const work = { agent, task, fence: this.#lease.fence, gate: this.#gate };
    if (await mergeWork(this.#ports, work)) this.#automatic.taskDone(task);
  }

  async #begin(assignment: Assignment): Promise<boolean> {
    const { store, clock } = this.#ports;
    const { agent, continued } = assignment;
    const began = await store.write(
      async (tx) => {
        const { state } = await readProject(tx, this.#ports.project.id);
        if (state.kind !== 'running') return undefined;
        const changed = await changeTask(tx, this.#ports, {
          task: assignment.task,
          to: { kind: 'running', agent: agent.name, since: clock.now() },
          attempts: assignment.task.attempts + (continued ? 0 : 1),
          event: { type: 'task-started', data: { taskId: assignment.task.id, agent: agent.name, continued } },
        });
        if (!changed) return undefined;
        await tx.update('agents', { key: [agent.name], set: { status: 'working' } });
        return tx.get('tasks', assignment.task.id);
      },
      { fence: this.#lease.fence },
    );
    if (began === undefined) return false;
    await this.#launch(agent, { task: began, isNew: !continued });
    return true;
  }

  async #launch(
    agent: AgentRow,
    { task, isNew }: { readonly task: TaskRow; readonly isNew: boolean },
  ): Promise<void> {
    const { drivers, project, log, secrets } = this.#ports;
    let { projectDir } = this.#ports;
    const { fence } = this.#lease;
    const driver = drivers.get(agent.driver);
    if (driver === undefined) {
      await this.#settle({
        agent,
        task,
        end: { kind: 'failed', problem: `no driver named ${agent.driver}` },
      });
      return;
    }
    try {
      await driver.check(agent);
      if (agent.settings.isolate === true)
        projectDir = await worktreeFor(this.#ports, { agent, fence, isNew });
    } catch (error) {
      if (!(error instanceof CodeframeError) || isFailure(error, 'stale-owner')) throw error;
      await this.#settle({ agent, task, end: { kind: 'failed', problem: problemOf(error) } });
      return;
    }
    const stored = new StoreAgentSession(this.#ports, {
      agent,
      task,
      fence,
      gate: this.#gate,
      beforeCommand: (line) => this.#automatic.beforeCommand(agent.name, line),
    });
    const session = livingSession(stored, secrets);
    const marker = agentMarker(markerScope(project), agent.name, fence.ownerId);
    this.#markers.add(marker);
    log.debug({ agent: agent.name, taskId: task.id }, 'starting');
    const run = driver.begin({ agent, task: secrets.putBack(task), projectDir, marker, session });
    const settleAs = (end: RunEnd): Promise<void> => this.#settle({ agent, task, end });
    const settled = run.ended.then(async (end) => {
      await settleAs(end);
      return end;
    });
    this.#active.set(agent.name, { agent, task, run, settled, settleAs });
    settled.catch((error: unknown) => {
      this.#broken ??= error;
      this.#drop(task);
    });
  }

  async #settle(ended: {
    readonly agent: AgentRow;
    readonly task: TaskRow;
    readonly end: RunEnd;
  }): Promise<void> {
    const agent = ended.agent.name;
    await this.#ports.store.write((tx) => settleRun(tx, this.#ports, { ...ended, agent }), {
      fence: this.#lease.fence,
    });
    const isMergedFirst = ended.agent.settings.isolate === true;
    if (ended.end.kind === 'done' && !isMergedFirst) this.#automatic.taskDone(ended.task);
    this.#drop(ended.task);
  }

  /** Only the run of this row: the agent may be at work again by the time a former run ends. */
  #drop(task: TaskRow): void {
    for (const [name, active] of this.#active) if (active.task === task) this.#active.delete(name);
  }

  /** Nothing runs and nothing can be begun. Undefined when a task came up meanwhile. */
  async #finish(seen: Seen): Promise<RunSummary | undefined> {
    if (seen.tasks.some((task) => isReady(task, seen.tasks) && this.#canDo(task, seen.agents)))
      return undefined;
    const left = seen.tasks.filter(({ status }) => !['done', 'cancelled'].includes(status));
    if (left.length === 0) return this.#end('completed', null);
    const waiting = left.some(({ status }) => status === 'waiting');
    return this.#end(waiting ? 'waiting' : 'failed', null);
  }

  #canDo(task: TaskRow, agents: readonly AgentRow[]): boolean {
    return agents.some((agent) => task.agent === null || task.agent === agent.name);
  }

  /** The last transaction of a run; it is refused, and the loop goes on, when a pause was asked for meanwhile. */
  async #end(why: 'completed' | StopReason, pause: null): Promise<RunSummary | undefined> {
    const { store, clock } = this.#ports;
    const ended = await store.write(
      async (tx) => {
        const { state } = await readProject(tx, this.#ports.project.id);
        if (why !== 'asked' && (state.kind !== 'running' || (await this.#hasWork(tx)))) return false;
        if (why === 'asked' && state.kind !== 'stopping') return false;
        await this.#changeToEnd(tx, { why, at: clock.now() });
        await tx.update('leases', { key: ['runner'], set: { ownerId: null } });
        return true;
      },
      { fence: this.#lease.fence },
    );
    if (!ended) return undefined;
    this.#lease.forget();
    return this.#summary(why, pause);
  }

  async #hasWork(tx: WriteTransaction): Promise<boolean> {
    const tasks = await tx.list('tasks');
    const agents = await tx.list('agents');
    const open = new Set((await tx.list('blockers', { where: { status: 'open' } })).map(({ id }) => id));
    return tasks.some(
      (task) =>
        (isReady(task, tasks) && this.#canDo(task, agents)) ||
        task.state.kind === 'held' ||
        (task.state.kind === 'waiting' && !open.has(task.state.blockerId)),
    );
  }

  async #changeToEnd(
    tx: WriteTransaction,
    ending: { readonly why: 'completed' | StopReason; readonly at: number },
  ): Promise<void> {
    const { why, at } = ending;
    const projectId = this.#ports.project.id;
    if (why === 'completed') {
      const tasksDone = await tx.count('tasks', { status: 'done' });
      await changeProject(tx, projectId, { change: { kind: 'all-tasks-ended', at }, verb: 'complete' });
      await recordEvent(tx, this.#ports, { type: 'project-completed', data: { tasksDone } });
      return;
    }
    await changeProject(tx, projectId, { change: { kind: 'stopped', at, why }, verb: 'stop' });
    await recordEvent(tx, this.#ports, { type: 'project-stopped', data: { why } });
  }

  async #summary(why: RunSummary['why'], pause: PauseResult | null): Promise<RunSummary> {
    const { tasks } = await this.#look();
    const count = (status: TaskRow['status']): number =>
      tasks.filter((task) => task.status === status).length;
    return { why, done: count('done'), failed: count('failed'), waiting: count('waiting'), pause };
  }

  /** The run broke, or the project is another's now: nothing that was started here may go on, and nothing else is ours. */
  async #abandon(error: unknown): Promise<void> {
    const { log, processes } = this.#ports;
    log.error({ err: error }, 'the runner ends');
    const left = (second: unknown): void => log.error({ err: second }, 'could not end all that was started');
    for (const active of this.#active.values()) active.run.cut();
    await killAll(this.#ports, [...this.#active.values()]).catch(left);
    for (const marker of this.#markers) await processes.killMarked(marker, 1000).catch(left);
  }
}

/** The store could not even say that the pause failed, as on a full disk: the project must not go on as if nothing were. */
function unrecorded(pauseId: string, error: unknown): unknown {
  if (isFailure(error, 'stale-owner')) return error;
  const failure = { code: 'pause-failed', pauseId, reason: problemOf(error), status: 'pausing' } as const;
  return new CodeframeError(failure, { cause: error });
}
