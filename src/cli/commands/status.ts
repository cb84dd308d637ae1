import type { Command } from 'commander';
import type { ProjectHandle, StatusReport } from '../../handle.ts';
import type { CliSession } from '../cli-session.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { untilInterrupted } from '../interrupt.ts';
import { statusLine, statusLines } from '../status-words.ts';

interface StatusFlags {
  readonly watch?: boolean;
}

/** `codeframe status` */
export function statusCommand(run: RunWork): Command {
  return describe({
    name: 'status',
    summary: 'Show what is true of the project now.',
    paragraph:
      'Shows who runs it, what each agent does, how many tasks there are, the questions that wait for you, the last ' +
      'checkpoint and what was used. It only looks: what a dead runner left is told and not touched. With --watch the ' +
      'text is drawn again at every change; without a terminal a line is printed for each.',
    examples: ['codeframe status', 'codeframe status --watch'],
    exits: [...projectExits, 130],
  })
    .option('--watch', 'go on until Ctrl-C')
    .action(
      run(async (session, flags: StatusFlags) => {
        await using project = await session.open();
        if (flags.watch === true)
          return await untilInterrupted(session.out, (signal) => watch(session, project, signal));
        const report = await project.status();
        session.out.show(report, () => statusLines(report));
      }),
    );
}

/** At most ten times a second: agents change things faster than a person reads. */
const redrawMs = 100;

async function watch(session: CliSession, project: ProjectHandle, signal: AbortSignal): Promise<void> {
  const show = watcher(session);
  while (!signal.aborted) {
    const change = project.changed(signal);
    show(await project.status());
    await Promise.all([change, pause(redrawMs, signal)]);
  }
}

function watcher(session: CliSession): (report: StatusReport) => void {
  const { out } = session;
  if (out.isTerminal && !out.json) return (report) => out.redraw(statusLines(report));
  let before = '';
  return (report) => {
    const line = statusLine(report);
    if (line !== before) out.show(report, () => [line]);
    before = line;
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
