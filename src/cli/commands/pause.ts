import type { Command } from 'commander';
import type { EventRow } from '../../event/event.ts';
import type { PauseOptions, ProjectHandle, StatusReport } from '../../handle.ts';
import { defaultGraceMs, type PauseResult } from '../../project/pause.ts';
import { parseDuration } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { eventWords } from '../event-words.ts';
import { onInterrupt, uninterrupted } from '../interrupt.ts';
import type { Output } from '../output.ts';
import { pauseLines } from '../pause-words.ts';
import { limitLines } from '../retention-words.ts';
import { countWords } from '../quantity-words.ts';

interface PauseFlags {
  readonly reason?: string;
  readonly grace: number;
}

/** `codeframe pause` */
export function pauseCommand(run: RunWork): Command {
  return describe({
    name: 'pause',
    summary: 'Bring every agent to a safe point and write a checkpoint.',
    paragraph:
      'Each agent finishes its step; what still runs after the grace is cut. Then stale context is archived and code, ' +
      'tasks and memory become one checkpoint. When this returns, nothing of the agents runs any more. It works from ' +
      'any terminal, also without a runner; a project that is paused answers with the same pause. Ctrl-C ends only ' +
      'this command: the pause goes on in the runner.',
    examples: ['codeframe pause', 'codeframe pause --reason "going home" --grace 10s'],
    exits: [...projectExits, 4, 130],
  })
    .option('--reason <text>', 'why, for the log and the checkpoint')
    .option(
      '--grace <duration>',
      'how long agents may finish their step, e.g. 500ms, 30s, 2m (default: 30s)',
      (text) => parseDuration(text, '--grace'),
      defaultGraceMs,
    )
    .action(
      run(async (session, flags: PauseFlags) => {
        await using project = await session.open();
        const before = await project.status();
        const result = await pause(session.out, project, { before, flags });
        if (result === null) return 130;
        const over = await project.retention.overLimit();
        session.out.show(result, () => [...pauseLines(project.name, result), ...limitLines(over)]);
        return 0;
      }),
    );
}

interface Asked {
  readonly before: StatusReport;
  readonly flags: PauseFlags;
}

/** Null when Ctrl-C came while the runner was still at it. */
async function pause(
  out: Output,
  project: ProjectHandle,
  { before, flags }: Asked,
): Promise<PauseResult | null> {
  const options: PauseOptions = {
    graceMs: flags.grace,
    onProgress: progressPrinter(out, before),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  };
  if (before.owner === null)
    return uninterrupted(out, 'The checkpoint is finished first; it is short.', () => project.pause(options));
  return Promise.race([project.pause(options), interrupted(out, project)]);
}

function interrupted(out: Output, project: ProjectHandle): Promise<null> {
  return new Promise((resolve, reject) => {
    const listening = onInterrupt(() => {
      listening[Symbol.dispose]();
      untilAskedFor(project).then(() => {
        out.note('The pause goes on in the runner; `codeframe status --watch` shows it.');
        resolve(null);
      }, reject);
    });
  });
}

/** Ctrl-C may come before the runner has been asked for anything: then nothing would go on there. */
async function untilAskedFor(project: ProjectHandle): Promise<void> {
  for (;;) {
    const waiting = new AbortController();
    const change = project.changed(waiting.signal);
    const { status } = await project.status();
    const isAsked = status === 'pausing' || status === 'paused';
    if (isAsked) waiting.abort();
    await change;
    if (isAsked) return;
  }
}

/** Says how many agents stop, each one's stop, and when all have. */
function progressPrinter(out: Output, before: StatusReport): (event: EventRow) => void {
  const total = before.owner === null ? 0 : before.agents.length;
  let stopped = 0;
  return (event) => {
    if (event.type === 'pause-requested' && total > 0) out.note(`Stopping ${countWords(total, 'agent')}…`);
    if (isWorthSaying(event, total)) out.note(`  ${eventWords(event)}`);
    if (event.type === 'agent-stopped') stopped += 1;
    if (isLastBeforeCheckpoint(event, stopped, total)) out.note('Writing the checkpoint…');
  };
}

/** Without a runner nothing had to stop: that agents were idle stands in the result. */
function isWorthSaying({ type }: EventRow, total: number): boolean {
  return type === 'flash-save-failed' || (type === 'agent-stopped' && total > 0);
}

function isLastBeforeCheckpoint(event: EventRow, stopped: number, total: number): boolean {
  return total === 0 ? event.type === 'pause-requested' : event.type === 'agent-stopped' && stopped === total;
}
