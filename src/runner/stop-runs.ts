import { markerPrefix, markerScope, type Processes } from '../agent/processes.ts';
import type { RunEnd, StopReport } from '../agent/driver.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { killMs, terminateMs } from '../project/pause.ts';
import type { ActiveRun } from './active-run.ts';
import { stopReport } from './settle-run.ts';

export interface StopPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly processes: Processes;
  readonly project: { readonly id: string };
}

/** The longest that stopping takes with this grace, in ms (P2). */
export function stopBoundMs(graceMs: number): number {
  return graceMs + terminateMs + 3 * killMs;
}

/**
 * Brings every run to its stop: finish the step within the grace, then abort and SIGTERM, then SIGKILL to whatever
 * is left, verified by looking (P1, P2). Throws a plain error when a process survives even that.
 */
export async function stopRuns(
  ports: StopPorts,
  stopping: {
    readonly runs: readonly ActiveRun[];
    readonly graceMs: number;
    /** Aborted when the grace is over before its time. */
    readonly hurry?: AbortSignal;
    /**
     * Throws when a run has not ended although all of its processes are gone and it is inside a tool: that works in this
     * process, nobody can end it, and it may still write (P1). Answers what step that is; undefined when it is none.
     */
    readonly insideTool?: (agent: string) => Promise<string | undefined>;
  },
): Promise<ReadonlyMap<string, StopReport>> {
  const { clock, log, processes, project } = ports;
  const began = clock.elapsed();
  const reports = new Map<string, StopReport>();
  const open = new Set(stopping.runs);
  const unwritten = new Map<ActiveRun, RunEnd>();
  for (const active of stopping.runs) {
    active.run.finishStep();
    void active.settled.then(
      (end) => {
        open.delete(active);
        const report = stopReport(end, []);
        reports.set(active.agent.name, { ...report, durationMs: Math.round(clock.elapsed() - began) });
        log.debug({ agent: active.agent.name, how: report.how }, 'agent stopped');
      },
      async () => unwritten.set(active, await active.run.ended),
    );
  }
  await untilEmpty(ports, {
    open,
    withinMs: stopping.graceMs,
    ...(stopping.hurry && { hurry: stopping.hurry }),
  });
  for (const active of open) {
    log.debug({ agent: active.agent.name }, 'the grace is over: cutting the step in flight');
    active.run.cut();
  }
  await untilEmpty(ports, { open, withinMs: terminateMs });
  await killAll(ports, stopping.runs);
  await untilEmpty(ports, { open, withinMs: killMs });
  await refuseInside(stopping, { open, unwritten });
  for (const active of open) {
    const durationMs = Math.round(clock.elapsed() - began);
    const killed: StopReport = { how: 'killed', interruptedStepId: null, durationMs };
    const end = unwritten.get(active) ?? { kind: 'stopped', report: killed };
    await active.settleAs(end);
    reports.set(active.agent.name, { ...stopReport(end, []), durationMs });
  }
  const { killed, left } = await processes.killMarked(markerPrefix(markerScope(project)), killMs);
  if (killed > 0) log.info({ killed }, 'killed processes that agents had left');
  if (left.length > 0) throw new Error(`processes of agents are still there: ${left.join(', ')}`);
  return reports;
}

/** Before any of them is written down as ended: a pause that fails leaves them as they are (P4). */
async function refuseInside(
  stopping: { readonly insideTool?: (agent: string) => Promise<string | undefined> },
  left: { readonly open: ReadonlySet<ActiveRun>; readonly unwritten: ReadonlyMap<ActiveRun, RunEnd> },
): Promise<void> {
  for (const active of left.open) {
    if (left.unwritten.has(active)) continue;
    const step = await stopping.insideTool?.(active.agent.name);
    if (step === undefined) continue;
    throw new Error(
      `agent ${active.agent.name} is inside a tool that does not end, and may still write: ${step}`,
    );
  }
}

/** Returns when nothing of the runs is left, or after a while. Throws what a run says of processes that do not end. */
export async function killAll(
  ports: { readonly clock: Clock },
  runs: readonly Pick<ActiveRun, 'run'>[],
): Promise<void> {
  const enough = new AbortController();
  try {
    const all = Promise.all(runs.map((active) => active.run.kill()));
    await Promise.race([all, ports.clock.sleep(killMs, enough.signal)]);
  } finally {
    enough.abort();
  }
}

async function untilEmpty(
  ports: StopPorts,
  waiting: {
    readonly open: ReadonlySet<ActiveRun>;
    readonly withinMs: number;
    readonly hurry?: AbortSignal;
  },
): Promise<void> {
  if (waiting.open.size === 0 || waiting.hurry?.aborted === true) return;
  const enough = new AbortController();
  waiting.hurry?.addEventListener('abort', () => enough.abort(), { once: true });
  const settled = Promise.allSettled([...waiting.open].map((active) => active.settled));
  void settled.then(() => enough.abort());
  await ports.clock.sleep(waiting.withinMs, enough.signal);
  // What settled in this very turn is taken off the set before the caller looks at it.
  await Promise.resolve();
  enough.abort();
}
