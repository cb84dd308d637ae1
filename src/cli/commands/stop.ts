import type { Command } from 'commander';
import { parseDuration } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

interface StopFlags {
  readonly grace?: number;
}

/** `codeframe stop` */
export function stopCommand(run: RunWork): Command {
  return describe({
    name: 'stop',
    summary: 'End the run without a pause.',
    paragraph:
      'Each agent finishes its step; what still runs after the grace is cut. Tasks in hand are held, and the next ' +
      '`codeframe start` goes on with them. No context is archived and no checkpoint is written: `codeframe pause` does that.',
    examples: ['codeframe stop', 'codeframe stop --grace 0s'],
    exits: [...projectExits, 4],
  })
    .option('--grace <duration>', 'how long agents may finish their step, e.g. 500ms, 30s, 2m', (text) =>
      parseDuration(text, '--grace'),
    )
    .action(
      run(async (session, { grace }: StopFlags) => {
        await using project = await session.open();
        await project.stop(grace === undefined ? {} : { graceMs: grace });
        const report = await project.status();
        session.out.show({ status: report.status, tasks: report.tasks, next: report.next }, () => [
          `${project.name} is ${report.status}: ${report.tasks.held} held, ${report.tasks.pending} pending, ${report.tasks.done} done.`,
          `Next: ${report.next}`,
        ]);
      }),
    );
}
