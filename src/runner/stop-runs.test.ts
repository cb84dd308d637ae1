import { describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { openProcesses } from '../adapters/processes/machine-processes.ts';
import { systemClock } from '../adapters/system/system-clock.ts';
import type { RunEnd } from '../agent/driver.ts';
import type { Clock } from '../clock.ts';
import { silentLog } from '../log.ts';
import type { ActiveRun } from './active-run.ts';
import { stopRuns } from './stop-runs.ts';

const done: RunEnd = { kind: 'done', summary: 'all of it' };

/** A clock that knows who still sleeps. */
function watchedClock(): Clock & { sleeping: number } {
  return {
    ...systemClock,
    sleeping: 0,
    async sleep(ms, signal) {
      this.sleeping += 1;
      await systemClock.sleep(ms, signal);
      this.sleeping -= 1;
    },
  };
}

function portsWith(clock: Clock) {
  return { clock, log: silentLog, processes: openProcesses(), project: { id: `pstop${process.pid}` } };
}

/** A run that ends as soon as it is asked; `settled` says whether its end was written. */
function runThatEnds(settled: Promise<RunEnd>, written: RunEnd[] = []): ActiveRun {
  const run = { ended: Promise.resolve(done), finishStep() {}, cut() {}, async kill() {} };
  const settleAs = async (end: RunEnd): Promise<void> => void written.push(end);
  return { agent: agentRow(), task: taskRow(), run, settled, settleAs };
}

describe('stopping runs', () => {
  it('leaves nothing waiting that would keep the process', async () => {
    const clock = watchedClock();
    const runs = [runThatEnds(Promise.resolve(done))];
    await stopRuns(portsWith(clock), { runs, graceMs: 60_000 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.sleeping).toBe(0);
  });

  it('writes an end again that could not be written', async () => {
    const written: RunEnd[] = [];
    const run = runThatEnds(Promise.reject(new Error('the store is busy')), written);
    const reports = await stopRuns(portsWith(systemClock), { runs: [run], graceMs: 60_000 });
    expect(written).toEqual([done]);
    expect(reports.get('ada')?.how).toBe('finished-step');
  });
});
