import { CodeframeError, isFailure } from '../failure.ts';
import { recordEvent } from '../event/record-event.ts';
import type { PauseOptions } from '../handle.ts';
import { changeProject, readProject } from '../project/change-project.ts';
import { isTakeable } from '../project/lease.ts';
import { defaultGraceMs, type PauseResult, type PauseRow } from '../project/pause.ts';
import { problemOf } from '../problem-of.ts';
import { asOwner, livenessOf } from './lease.ts';
import { performPause } from './perform-pause.ts';
import type { RunnerPorts } from './ports.ts';
import { recover } from './recover.ts';
import { stopBoundMs } from './stop-runs.ts';
import { tidyCheckpoints } from './tidy-checkpoints.ts';
import { waitForChange } from './wait-for-change.ts';

/** How long a project may be between two states (resuming, stopping, restoring) before a pause gives up on it, in ms. */
const transitionMs = stopBoundMs(defaultGraceMs) + 30_000;

/**
 * Pauses a project from any process. Whoever asks while one is under way, or done, gets that one's result (P3). The
 * owner that is alive does it; when there is none, one of those who asked becomes the owner and does it.
 */
export async function pauseProject(ports: RunnerPorts, options: PauseOptions = {}): Promise<PauseResult> {
  const until = ports.clock.elapsed() + transitionMs;
  for (;;) {
    const version = await ports.store.version();
    try {
      const asked = await requestPause(ports, options);
      if ('result' in asked) return asked.result;
      return await awaitPause(ports, asked.pauseId);
    } catch (error) {
      if (!isBetween(error) || ports.clock.elapsed() > until) throw error;
      await settleBetween(ports, version);
    }
  }
}

function isBetween(error: unknown): boolean {
  return (
    isFailure(error, 'wrong-status') &&
    error.failure.code === 'wrong-status' &&
    ['resuming', 'stopping', 'restoring'].includes(error.failure.status)
  );
}

/** Waits until the project leaves the state it is passing through; when its owner is dead, recovers it. */
async function settleBetween(ports: RunnerPorts, version: number): Promise<void> {
  const lease = await ports.store.read((tx) => tx.get('leases', 'runner'));
  if (lease !== undefined && !isTakeable(lease, livenessOf(ports.processes, lease), ports.clock.now())) {
    await waitForChange(ports, { version, withinMs: 1000 });
    return;
  }
  await asOwner(ports, 'pause', (held) => recover(ports, held));
}

type Asked = { readonly pauseId: string } | { readonly result: PauseResult };

/** Writes down that the project is to be paused; whoever owns it does it. Throws `wrong-status`. */
export async function requestPause(ports: RunnerPorts, options: PauseOptions): Promise<Asked> {
  const { store, ids, clock } = ports;
  return store.write(async (tx) => {
    const { state } = await readProject(tx, ports.project.id);
    if (state.kind === 'pausing') return { pauseId: state.pauseId };
    if (state.kind === 'paused') {
      const row = await tx.get('pauses', state.pauseId);
      if (row?.result != null) return { result: row.result };
    }
    const at = clock.now();
    const row: PauseRow = {
      id: ids.next('pause'),
      reason: options.reason ?? null,
      requestedBy: ports.actor,
      requestedAt: at,
      graceMs: options.graceMs ?? ports.graceMs,
      status: 'requested',
      checkpointId: null,
      draft: null,
      result: null,
      problem: null,
      endedAt: null,
    };
    const change = { kind: 'pause-requested', at, pauseId: row.id } as const;
    await changeProject(tx, ports.project.id, { change, verb: 'pause' });
    await tx.insert('pauses', row);
    await recordEvent(tx, ports, {
      type: 'pause-requested',
      data: { pauseId: row.id, reason: row.reason, graceMs: row.graceMs },
    });
    return { pauseId: row.id };
  });
}

async function awaitPause(ports: RunnerPorts, pauseId: string): Promise<PauseResult> {
  for (;;) {
    const version = await ports.store.version();
    const seen = await ports.store.read(async (tx) => ({
      pause: await tx.get('pauses', pauseId),
      project: await readProject(tx, ports.project.id),
      lease: await tx.get('leases', 'runner'),
    }));
    if (seen.pause?.result != null) return seen.pause.result;
    if (seen.pause === undefined || seen.pause.status === 'failed') {
      const reason = seen.pause?.problem ?? 'it is not in the store any more';
      throw new CodeframeError({ code: 'pause-failed', pauseId, reason, status: seen.project.status });
    }
    const { lease } = seen;
    const free =
      lease === undefined || isTakeable(lease, livenessOf(ports.processes, lease), ports.clock.now());
    if (free) await performAsOwner(ports, pauseId);
    else await waitForChange(ports, { version, withinMs: 1000 });
  }
}

/** Does the pause, unless somebody else became the owner first. */
async function performAsOwner(ports: RunnerPorts, pauseId: string): Promise<void> {
  await asOwner(ports, 'pause', async (held) => {
    await recover(ports, held, { keepPause: true });
    const { state } = await ports.store.read((tx) => readProject(tx, ports.project.id));
    if (state.kind !== 'pausing' || state.pauseId !== pauseId) return;
    try {
      await performPause(ports, { pauseId, fence: held.fence, runs: [] });
      await tidyCheckpoints(ports);
    } catch (error) {
      if (isFailure(error, 'stale-owner')) return;
      throw new CodeframeError(
        { code: 'pause-failed', pauseId, reason: problemOf(error), status: 'unchanged' },
        { cause: error },
      );
    }
  });
}
