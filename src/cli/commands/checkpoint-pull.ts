import type { Command } from 'commander';
import { isFailure } from '../../failure.ts';
import type { MoveOptions, ProjectHandle, PullReport } from '../../handle.ts';
import { restoreLines } from '../checkpoint-words.ts';
import type { CliSession } from '../cli-session.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { progressTeller, unfilledLines } from '../move-words.ts';
import type { Line } from '../output.ts';
import { countWords } from '../quantity-words.ts';

interface PullFlags {
  readonly project?: string;
}

/** `codeframe checkpoint pull REMOTE [ID...]` */
export function checkpointPullCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint pull',
    summary: 'Bring checkpoints from a git remote.',
    paragraph:
      'Brings those that were pushed (all when no id is given) and are not here yet, and verifies each before it is in ' +
      'the list. In a project that has worked nothing else changes. In an empty directory, or a clone in which nothing ' +
      'has happened, the project becomes what the newest says, files included, and `codeframe resume` goes on there; ' +
      'what was in the files is a checkpoint first, and files that are not in it are never deleted. It may be cut at any moment and run again.',
    examples: [
      'codeframe checkpoint pull origin',
      'codeframe checkpoint pull git@host:team/shop-checkpoints.git',
    ],
    exits: [...projectExits, 4],
  })
    .argument('<remote>', 'a remote of your repository, a URL, or a path')
    .argument('[id...]', 'ids; starts of ids and names where they are known here')
    .option('--project <id>', 'which project, where the remote has several and none is here')
    .action(
      run(async (session, ...[remote, ids, flags]: [string, readonly string[], PullFlags]) => {
        const options: MoveOptions = {
          cwd: session.path('.'),
          ...(ids.length === 0 ? {} : { ids }),
          onProgress: progressTeller(session.out, 'Pulled'),
        };
        const pulled = await pull(session, { remote, options, projectId: flags.project });
        await using project = pulled.project;
        const { next } = await project.status();
        const { report } = pulled;
        session.out.show({ ...report, dir: project.dir, dataDir: project.dataDir }, () =>
          pullLines(project, report, next),
        );
      }),
    );
}

interface Pulling {
  readonly remote: string;
  readonly options: MoveOptions;
  readonly projectId: string | undefined;
}

async function pull(
  session: CliSession,
  pulling: Pulling,
): Promise<{ readonly project: ProjectHandle; readonly report: PullReport }> {
  const project = await openIfThere(session);
  if (project === null) return session.pullProject(pulling);
  try {
    return { project, report: await project.pull(pulling.remote, pulling.options) };
  } catch (error) {
    await project.close();
    throw error;
  }
}

async function openIfThere(session: CliSession): Promise<ProjectHandle | null> {
  try {
    return await session.open();
  } catch (error) {
    if (isFailure(error, 'not-a-project')) return null;
    throw error;
  }
}

function pullLines(project: ProjectHandle, report: PullReport, next: string): readonly Line[] {
  const { remote, moved, already, becameId, restore } = report;
  const there =
    already.length === 0
      ? ''
      : `; ${countWords(already.length, 'checkpoint')} ${already.length === 1 ? 'was' : 'were'} here`;
  const first = `Pulled ${countWords(moved.length, 'checkpoint')} from ${remote}, verified${there}.`;
  if (restore === null && becameId !== null) return [first, ...unfilledLines(becameId)];
  if (restore === null) {
    return [
      first,
      moved.length === 0
        ? 'Nothing was changed.'
        : 'Next: codeframe restore ID takes the project to one of them',
    ];
  }
  return [
    first,
    `${project.dir} is the project ${project.id}, as it was in checkpoint ${becameId ?? restore.checkpointId}.`,
    ...restoreLines(restore),
    `Next: ${next}`,
  ];
}
