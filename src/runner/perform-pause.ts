import { createCheckpoint } from '../checkpoint/create-checkpoint.ts';
import type { CheckpointRow } from '../checkpoint/checkpoint.ts';
import type { StopReport } from '../agent/driver.ts';
import { stepWords } from '../agent/step-words.ts';
import { flashSave, type FlashSaved } from '../context/flash-save.ts';
import { promptTokens } from '../context/prompt-tokens.ts';
import { iso } from '../clock.ts';
import { recordEvent } from '../event/record-event.ts';
import { problemOf } from '../problem-of.ts';
import { changeProject, readProject } from '../project/change-project.ts';
import type { PauseDraft, PauseResult, PausedAgent } from '../project/pause.ts';
import type { Fence } from '../store/store.ts';
import type { ActiveRun } from './active-run.ts';
import type { ProjectPorts, RunnerPorts } from './ports.ts';
import { stopBoundMs, stopRuns } from './stop-runs.ts';

interface Performing {
  readonly pauseId: string;
  readonly fence: Fence;
  readonly runs: readonly ActiveRun[];
  /** How long it waited for its runner to come to it, in ms; part of what the pause took. */
  readonly waitedMs?: number;
}

/**
 * Does a pause that was requested, as the project's owner: stop the agents, flash save, checkpoint, status.
 * Its last transaction also frees the lease. On any failure the status goes back to what it was and the error is
 * thrown with `pause-failed` recorded (P4); a failing flash save alone is recorded and passed over (P5).
 */
export async function performPause(ports: RunnerPorts, performing: Performing): Promise<PauseResult> {
  const { log, clock } = ports;
  const began = clock.elapsed();
  try {
    log.info({ pauseId: performing.pauseId, agents: performing.runs.length }, 'pausing: stopping the agents');
    const draft = await reachSafePoint(ports, performing);
    log.info({ pauseId: performing.pauseId }, 'pausing: writing the checkpoint');
    const { row } = await createCheckpoint(ports, {
      trigger: 'pause',
      createdBy: ports.actor,
      pauseId: performing.pauseId,
      fence: performing.fence,
      ...(draft.reason === null ? {} : { reason: draft.reason }),
    });
    return await finishPause(ports, {
      draft,
      row,
      fence: performing.fence,
      durationMs: (performing.waitedMs ?? 0) + clock.elapsed() - began,
    });
  } catch (error) {
    log.error({ err: error, pauseId: performing.pauseId }, 'the pause failed');
    await failPause(ports, { pauseId: performing.pauseId, fence: performing.fence, error }).catch(
      (second: unknown) => {
        // The store itself is in trouble: the first error is the one to tell, and recovery finds the pause undone.
        log.error({ err: second }, 'could not record that the pause failed');
      },
    );
    throw error;
  }
}

/** Stops and saves; writes the draft, from which the pause can be completed should this process die. */
async function reachSafePoint(ports: RunnerPorts, performing: Performing): Promise<PauseDraft> {
  const { store, clock } = ports;
  const pause = await store.read((tx) => tx.get('pauses', performing.pauseId));
  if (pause === undefined) throw new Error(`the pause ${performing.pauseId} has no row`);
  const began = clock.elapsed();
  const reports = await stopRuns(ports, {
    runs: performing.runs,
    graceMs: pause.graceMs,
    insideTool: (agent) => openTool(ports, agent),
  });
  const stopped = clock.elapsed();
  const saved = await saveAll(ports, performing);
  const agents = await tellStopped(ports, { performing, reports, saved });
  const sum = (pick: (agent: PausedAgent) => number): number =>
    agents.reduce((total, agent) => total + pick(agent), 0);
  const tokensBefore = sum((agent) => agent.tokensBefore);
  const tokensAfter = sum((agent) => agent.tokensAfter);
  const draft: PauseDraft = {
    pauseId: pause.id,
    reason: pause.reason,
    tokensBefore,
    tokensAfter,
    reductionPercentage: percentage(tokensBefore, tokensAfter),
    itemsArchived: sum((agent) => agent.itemsArchived),
    flashSaveFailures: saved.failures,
    agents,
    boundMs: stopBoundMs(pause.graceMs),
    phasesMs: {
      stop: Math.round(stopped - began),
      flashSave: Math.round(clock.elapsed() - stopped),
      checkpoint: 0,
    },
  };
  await store.write((tx) => tx.update('pauses', { key: [pause.id], set: { draft } }), {
    fence: performing.fence,
  });
  return draft;
}

/** The tool that an agent is inside, in words. */
async function openTool(ports: RunnerPorts, agent: string): Promise<string | undefined> {
  const where = { agent, status: 'started', kind: 'tool' } as const;
  const [step] = await ports.store.read((tx) => tx.list('steps', { where }));
  return step === undefined ? undefined : stepWords({ ...step, summary: step.intent.summary });
}

interface SavedAll {
  readonly byAgent: ReadonlyMap<string, FlashSaved>;
  readonly failures: readonly { readonly agent: string; readonly problem: string }[];
}

async function saveAll(ports: RunnerPorts, performing: Performing): Promise<SavedAll> {
  const byAgent = new Map<string, FlashSaved>();
  const failures: { agent: string; problem: string }[] = [];
  const agents = await ports.store.read((tx) => tx.list('agents'));
  for (const agent of agents) {
    try {
      const saved = await flashSave(ports, {
        agent: agent.name,
        settings: ports.flashSave,
        cause: 'pause',
        fence: performing.fence,
        pauseId: performing.pauseId,
      });
      byAgent.set(agent.name, saved);
      ports.log.debug({ agent: agent.name, ...saved }, 'flash save');
    } catch (error) {
      const problem = problemOf(error);
      ports.log.error(
        { err: error, agent: agent.name },
        'the flash save failed; the pause goes on without it',
      );
      failures.push({ agent: agent.name, problem });
      await ports.store.write(
        (tx) => recordEvent(tx, ports, { type: 'flash-save-failed', data: { agent: agent.name, problem } }),
        { fence: performing.fence },
      );
    }
  }
  return { byAgent, failures };
}

function tellStopped(
  ports: RunnerPorts,
  told: {
    readonly performing: Performing;
    readonly reports: ReadonlyMap<string, StopReport>;
    readonly saved: SavedAll;
  },
): Promise<readonly PausedAgent[]> {
  return ports.store.write(
    async (tx) => {
      const agents: PausedAgent[] = [];
      const tasks = await tx.list('tasks', { where: { status: 'held' } });
      for (const { name, lastStop } of await tx.list('agents')) {
        const held = tasks.find((task) => task.state.kind === 'held' && task.state.agent === name);
        const report = told.reports.get(name);
        const items = await tx.pick('context_items', ['promptTokens'], { where: { agent: name } });
        const saved = told.saved.byAgent.get(name);
        const stop: StopReport =
          report === undefined
            ? { how: 'idle', interruptedStepId: null, durationMs: 0 }
            : { ...report, interruptedStepId: lastStop?.interruptedStepId ?? report.interruptedStepId };
        const agent: PausedAgent = {
          ...stop,
          name,
          taskId: held?.id ?? null,
          tokensBefore: saved?.tokensBefore ?? promptTokens(items),
          tokensAfter: promptTokens(items),
          itemsArchived: saved?.itemsArchived ?? 0,
        };
        agents.push(agent);
        await recordEvent(tx, ports, {
          type: 'agent-stopped',
          data: { ...stop, agent: name, taskId: agent.taskId },
        });
      }
      return agents;
    },
    { fence: told.performing.fence },
  );
}

/** The pause's last transaction: status, result, event, and the lease given back. */
export async function finishPause(
  ports: ProjectPorts,
  finished: {
    readonly draft: PauseDraft;
    readonly row: CheckpointRow;
    readonly fence: Fence;
    readonly durationMs: number;
    /** Recovery goes on under the same lease. */
    readonly keepLease?: boolean;
  },
): Promise<PauseResult> {
  const { draft, row, fence } = finished;
  const at = ports.clock.now();
  const result: PauseResult = {
    success: true,
    ...draft,
    checkpointId: row.id,
    commit: row.commit,
    durationMs: Math.round(finished.durationMs),
    phasesMs: { ...draft.phasesMs, checkpoint: Math.round(row.durationMs) },
    pausedAt: iso(at),
  };
  await ports.store.write(
    async (tx) => {
      await changeProject(tx, ports.project.id, {
        change: { kind: 'pause-finished', at, checkpointId: row.id },
        verb: 'pause',
      });
      await tx.update('pauses', {
        key: [draft.pauseId],
        set: { status: 'finished', checkpointId: row.id, result, endedAt: at },
      });
      await recordEvent(tx, ports, { type: 'project-paused', data: result });
      if (finished.keepLease === true) return;
      await tx.update('leases', { key: ['runner'], set: { ownerId: null } });
    },
    { fence },
  );
  ports.log.info({ ...result }, 'paused');
  return result;
}

async function failPause(
  ports: ProjectPorts,
  failed: { readonly pauseId: string; readonly fence: Fence; readonly error: unknown },
): Promise<void> {
  const at = ports.clock.now();
  const problem = problemOf(failed.error);
  await ports.store.write(
    async (tx) => {
      const project = await readProject(tx, ports.project.id);
      if (project.state.kind !== 'pausing' || project.state.pauseId !== failed.pauseId) return;
      const { after } = await changeProject(tx, project.id, {
        change: { kind: 'pause-failed', at },
        verb: 'pause',
      });
      await tx.update('pauses', {
        key: [failed.pauseId],
        expect: { status: 'requested' },
        set: { status: 'failed', problem, endedAt: at },
      });
      await recordEvent(tx, ports, {
        type: 'pause-failed',
        data: { pauseId: failed.pauseId, problem, status: after.kind },
      });
    },
    { fence: failed.fence },
  );
}

function percentage(before: number, after: number): number {
  return before === 0 ? 0 : Math.round((1000 * (before - after)) / before) / 10;
}
