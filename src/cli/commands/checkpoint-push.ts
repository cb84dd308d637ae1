import type { Command } from 'commander';
import type { PushReport } from '../../handle.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { progressTeller } from '../move-words.ts';
import type { Line } from '../output.ts';
import { countWords, listWords } from '../quantity-words.ts';

/** `codeframe checkpoint push REMOTE [ID...]` */
export function checkpointPushCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint push',
    summary: 'Bring checkpoints to a git remote.',
    paragraph:
      'Pushes the checkpoints (all when no id is given) under refs/codeframe/checkpoints/ and touches no other ref: no ' +
      'branch, no tag. What is there already is not sent again, nor what has not changed since. It may be cut at any ' +
      'moment and run again. A push holds whole checkpoints: files with uncommitted and untracked ones, tasks, memory, ' +
      'events; whoever can read the remote can read them. Secrets that codeframe knows are placeholders, but for those ' +
      'in files that git tracks (`codeframe audit`).',
    examples: [
      'codeframe checkpoint push origin latest',
      'codeframe checkpoint push git@host:team/shop-checkpoints.git',
    ],
    exits: projectExits,
  })
    .argument('<remote>', 'a remote of your repository, a URL, or a path')
    .argument('[id...]', 'ids, starts of ids, names, or latest')
    .action(
      run(async (session, remote: string, ids: readonly string[]) => {
        await using project = await session.open();
        const report = await project.push(remote, {
          cwd: session.path('.'),
          ...(ids.length === 0 ? {} : { ids }),
          onProgress: progressTeller(session.out, 'Pushed'),
        });
        session.out.show(report, () => pushLines(report));
      }),
    );
}

function pushLines({ remote, moved, already, holds }: PushReport): readonly Line[] {
  const there =
    already.length === 0
      ? ''
      : `; ${countWords(already.length, 'checkpoint')} ${already.length === 1 ? 'was' : 'were'} there`;
  if (moved.length === 0) return [`Nothing was pushed to ${remote}${there}.`];
  const parts = [countWords(holds.files, 'file'), `${countWords(holds.items, 'item')} of memory`];
  return [
    `Pushed ${countWords(moved.length, 'checkpoint')} to ${remote}${there}.`,
    `The largest holds ${listWords(parts)}, tasks and events; whoever can read the remote can read them.`,
    'Next, on the other machine: codeframe checkpoint pull',
  ];
}
