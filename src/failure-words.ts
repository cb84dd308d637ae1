import { iso } from './clock.ts';
import type { ExitCode } from './exit-codes.ts';
import {
  remoteProblem,
  remoteHints,
  unsafeDirectory,
  unknownIdHint,
  listHint,
  databaseHint,
  some,
  quoted,
  oneLine,
  type Of,
} from './failure-phrases.ts';
import type { Failure, FailureCode, FileWriter } from './failure.ts';

/** A failure for people and for programs. */
export interface FailureWords {
  /** One line, no full stop, the subject in it. */
  readonly message: string;
  /** A sentence that names the next command. */
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly httpStatus: number;
}

type WordsTable = { readonly [Code in FailureCode]: (failure: Of<Code>) => FailureWords };

/** Every failure has words: one without them does not compile. Pure. */
export function failureWords(failure: Failure): FailureWords {
  // The table pairs each code with a function of its own failure, which an index by a union cannot say.
  const wordsFor = table[failure.code] as (failure: Failure) => FailureWords;
  return wordsFor(failure);
}

const table: WordsTable = {
  'not-a-project': (failure) =>
    words(
      [3, 404],
      `${failure.dir} is not in a codeframe project`,
      'Run `codeframe init` to make one, or name its directory with -C.',
    ),
  'already-a-project': (failure) =>
    words(
      [4, 409],
      `${failure.dir} is a project already (${failure.projectId})`,
      'Run `codeframe status` to see it.',
    ),
  'copied-project': (failure) =>
    words(
      [4, 409],
      `${failure.dir} is a copy of the project in ${failure.originDir} (${failure.projectId})`,
      'Run `codeframe init` here to make the copy a project of its own.',
    ),
  'unsafe-directory': (failure) =>
    words([2, 400], unsafeDirectory(failure), 'Run `codeframe init DIR` with a directory of its own.'),
  'project-owned': (failure) =>
    words(
      [5, 409],
      `The project is owned by \`${failure.command}\` (pid ${failure.pid} on ${failure.host}, since ${iso(failure.sinceMs)})`,
      / (start|resume)$/.test(failure.command)
        ? 'Run `codeframe pause` or `codeframe stop` to end that run, or `codeframe status` to see it.'
        : 'Run the command again when that one has ended; `codeframe status` shows it.',
    ),
  'stale-owner': (failure) =>
    words(
      [5, 409],
      `This process lost the project: it held epoch ${failure.epoch}, and epoch ${failure.currentEpoch} has it now`,
      'Run `codeframe status` to see who has it; nothing that this process did since was stored.',
    ),
  'wrong-status': (failure) =>
    words(
      [4, 409],
      `${failure.subject ?? 'The project'} cannot ${failure.verb} while it is ${failure.status}`,
      failure.subject === undefined
        ? `Run \`${failure.next}\` first.`
        : `Run \`${failure.next}\` to see how it stands.`,
    ),
  'unknown-id': (failure) =>
    words([3, 404], `There is no ${failure.kind} ${quoted(failure.id)}`, unknownIdHint(failure)),
  'ambiguous-id': (failure) =>
    words(
      [2, 400],
      `${quoted(failure.id)} fits more than one ${failure.kind}: ${failure.matches.join(', ')}`,
      'Run the command again with more characters of the id.',
    ),
  'already-exists': (failure) =>
    words(
      [2, 409],
      `The ${failure.kind} ${quoted(failure.id)} exists already`,
      `Run the command again with another name; ${listHint(failure.kind)}`,
    ),
  'invalid-argument': (failure) =>
    words(
      [2, 400],
      `${failure.argument}: ${failure.problem}`,
      'Run the command with --help to see what it takes.',
    ),
  'wrong-usage': (failure) => words([2, 400], failure.problem, failure.hint),
  'nothing-to-undo': ({ gone }) =>
    words(
      [4, 409],
      gone === undefined ? 'There is no restore to undo' : goneWords(gone),
      'Run `codeframe checkpoint list` to see what can be restored.',
    ),
  'nothing-to-redo': ({ gone }) =>
    words(
      [4, 409],
      gone === undefined ? 'There is no undo to redo' : goneWords(gone),
      'Run `codeframe undo --list` to see what can be undone; a new restore ends what could be redone.',
    ),
  'unfinished-work': (failure) => words([4, 409], failure.problem, `Run \`${failure.next}\` first.`),
  'corrupt-config': (failure) =>
    words(
      [6, 500],
      `The config ${failure.path} cannot be read: ${failure.problem}`,
      'Repair it, or bring back the version that was there; nothing was overwritten. `codeframe doctor` checks it.',
    ),
  'corrupt-database': (failure) =>
    words([6, 500], `The database ${failure.path} is damaged: ${failure.problem}`, databaseHint(failure)),
  'database-newer': (failure) =>
    words(
      [6, 422],
      `The database ${failure.path} has version ${failure.found}, and this program knows versions up to ${failure.known}`,
      'Run a newer codeframe; `codeframe --version` shows this one. Nothing was changed.',
    ),
  'corrupt-checkpoint': (failure) =>
    words(
      [6, 422],
      `Checkpoint ${failure.id} is damaged in ${failure.part}: ${failure.problem}`,
      'Run `codeframe checkpoint list` and take another one; nothing was changed.',
    ),
  'checkpoint-newer': (failure) =>
    words(
      [6, 422],
      `Checkpoint ${failure.id} has format ${failure.found}, and this program knows formats up to ${failure.known}`,
      'Run a newer codeframe; `codeframe --version` shows this one. Nothing was changed.',
    ),
  'corrupt-export': (failure) =>
    words(
      [6, 422],
      `The export ${failure.path} is damaged in ${failure.part}: ${failure.problem}`,
      'Copy it again from where it was made, or make it anew there with `codeframe checkpoint export`; nothing was changed.',
    ),
  'export-newer': (failure) =>
    words(
      [6, 422],
      `The export ${failure.path} has format ${failure.found}, and this program knows formats up to ${failure.known}`,
      'Run a newer codeframe; `codeframe --version` shows this one. Nothing was changed.',
    ),
  'foreign-project': (failure) =>
    words(
      [4, 409],
      `It is of another project with the id ${failure.projectId}: ${failure.problem}`,
      'Take it in under another CODEFRAME_HOME; `codeframe status` shows the project that is here. Nothing was changed.',
    ),
  'directory-in-use': (failure) =>
    words(
      [4, 409],
      `${failure.dir} cannot take the project: ${failure.problem}`,
      'Run the command again with an empty directory, one that is not there yet, or a clone of the project; nothing was changed.',
    ),
  'remote-failed': (failure) =>
    words([7, 502], `The remote ${failure.remote} ${remoteProblem(failure)}`, remoteHints[failure.why]),
  'corrupt-store': (failure) =>
    words(
      [6, 500],
      `The checkpoint store ${failure.path} is damaged: ${failure.problem}`,
      'Keep it as it is; `codeframe doctor` names the checkpoints that are damaged. Nothing was overwritten.',
    ),
  'store-busy': (failure) =>
    words(
      [5, 503],
      `The checkpoint store ${failure.path} is being tidied by process ${failure.pid}, which stands still`,
      `Run the command again; should that process hang, end it (kill ${failure.pid}): it loses nothing.`,
    ),
  'database-in-use': (failure) =>
    words(
      [5, 409],
      `The database ${failure.path} is damaged or gone, and process ${failure.pid} still works with it`,
      `End it first (kill ${failure.pid}), so that nothing it does is lost, then run \`codeframe doctor --repair\` again.`,
    ),
  'checkpoint-deleted': (failure) =>
    words(
      [4, 410],
      `Checkpoint ${failure.id} is deleted`,
      `Run \`codeframe checkpoint undelete ${failure.id}\` to bring it back.`,
    ),
  'checkpoint-needed': (failure) =>
    words(
      [4, 409],
      `Checkpoint ${failure.id} cannot be deleted: ${failure.needs.map((need) => needWords[need] ?? need).join(', ')}`,
      failure.needs.includes('pinned')
        ? `Run \`codeframe checkpoint unpin ${failure.id}\` first.`
        : 'Run `codeframe checkpoint list` to see the others.',
    ),
  'rules-keep-nothing': (failure) =>
    words(
      [2, 400],
      `These rules keep none of the ${failure.count} checkpoints`,
      'Run it again with a rule that keeps some, such as `codeframe cleanup-checkpoints --keep 10`; nothing was deleted.',
    ),
  'corrupt-recording': (failure) =>
    words(
      [6, 422],
      `The recording ${failure.path} cannot be played, line ${failure.line}: ${failure.problem}`,
      'Repair that line, or name another file with `codeframe agent add NAME --driver model --model recorded:FILE`.',
    ),
  'missing-module': (failure) =>
    words(
      [7, 424],
      `The package ${failure.module} does not work on this Node: ${failure.problem}`,
      `Run \`${failure.run}\`, then the command again.`,
    ),
  'missing-program': (failure) =>
    words(
      [7, 424],
      `Agent ${failure.agent} needs the program ${quoted(failure.program)}, which is not there`,
      'Install it or put it on PATH, then run `codeframe start` again.',
    ),
  'missing-key': (failure) =>
    words(
      [7, 424],
      `Agent ${failure.agent} needs a key for ${failure.provider}: ${failure.variable} is not set`,
      `Set it (export ${failure.variable}=…), then run \`codeframe start\` again.`,
    ),
  'unknown-model': (failure) =>
    words(
      [2, 400],
      `The model ${quoted(failure.model)} cannot be used: ${failure.problem}`,
      'Name it PROVIDER:MODEL, as `codeframe agent add --help` shows.',
    ),
  'model-refused': (failure) =>
    words(
      [8, 502],
      `${failure.provider} refused the call${failure.httpStatus === null ? '' : ` with ${failure.httpStatus}`}: ${failure.problem}`,
      failure.retryable
        ? 'Run `codeframe task retry ID` and `codeframe start` in a while.'
        : 'Check the key, the model and the account, then run `codeframe task retry ID` and `codeframe start`.',
    ),
  'capture-failed': (failure) =>
    words(
      [7, 500],
      `No checkpoint was made: ${failure.path}: ${failure.problem}`,
      'Run `codeframe doctor` to find the cause, then try again.',
    ),
  'tree-moved': ({ paths, whileRestoring }) =>
    whileRestoring === undefined
      ? words(
          [4, 409],
          `The project has changed since the preview: ${some(paths)}`,
          'Run the restore again to see a new preview; nothing was changed.',
        )
      : words(
          [4, 409],
          `The project was changed while the restore ran, which was taken back: ${some(writtenPaths(paths, whileRestoring.writers))}`,
          'Stop what writes there and run it again, or restore only other files with `codeframe restore --path`.',
        ),
  'restore-blocked': (failure) =>
    words(
      [4, 409],
      `${failure.underWay === undefined ? 'The restore cannot be done' : `Restore ${failure.underWay} cannot be taken back yet`}: ${some(failure.problems.map(({ path, problem }) => `${path}: ${problem}`))}`,
      failure.underWay === undefined
        ? 'Put that right and run `codeframe restore` again; nothing was changed.'
        : 'Put that right and run `codeframe pause`, which ends what is left of the restore.',
    ),
  'pause-failed': (failure) =>
    words(
      [7, 500],
      `The pause ${failure.pauseId} failed: ${failure.reason}; ${
        failure.status === 'pausing'
          ? 'that could not be written down either, so its agents are stopped and it is still pausing'
          : `the project is ${failure.status}, as before`
      }`,
      'Put that right and run `codeframe pause` again; `codeframe doctor` looks for the cause.',
    ),
  'database-busy': (failure) =>
    words(
      [5, 503],
      `The database ${failure.path} is busy: another process kept it for ${failure.waitedMs} ms`,
      'Run the command again; `codeframe status` shows who works on the project.',
    ),
  'no-space': (failure) =>
    words(
      [7, 507],
      `There is no space left for ${failure.path}`,
      'Make room on that disk and run the command again; nothing half done was kept.',
    ),
  'no-permission': (failure) =>
    words(
      [7, 500],
      `Permission is missing for ${failure.path} (${failure.doing})`,
      'Change its owner or mode and run the command again; `codeframe doctor` checks the directories.',
    ),
  'input-output': (failure) =>
    words(
      [7, 500],
      `The disk answered an error at ${failure.path} (${failure.doing}): ${failure.problem}`,
      'Check the disk, then run `codeframe doctor`.',
    ),
  'cannot-isolate': (failure) =>
    words(
      [7, 424],
      `An agent cannot have a git worktree here: ${failure.problem}`,
      'Put that right (`git init` and a first commit make a repository), or add the agent without --isolate.',
    ),
  'not-merged': (failure) =>
    words(
      [4, 409],
      `The work of ${failure.agent} is not merged: ${failure.problem}`,
      `It is on the branch ${failure.branch}. Solve it in ${failure.worktree} or in the project, then run \`codeframe agent merge ${failure.agent}\`.`,
    ),
  'git-failed': (failure) =>
    words(
      [7, 500],
      `${failure.command} failed: ${failure.problem}`,
      'Run `codeframe doctor`, which checks git and the store.',
    ),
  'git-missing': (failure) =>
    words(
      [7, 424],
      failure.found === null
        ? 'git is not on PATH'
        : `git ${failure.found} is too old: 2.25 or later is needed`,
      'Install git, then run `codeframe doctor`.',
    ),
};

function writtenPaths(paths: readonly string[], writers: readonly FileWriter[]): readonly string[] {
  return paths.map((path) => {
    const having = writers.filter((writer) => writer.path === path);
    const names = having.map(({ pid, command }) => `${command}, pid ${pid}`);
    return names.length === 0 ? path : `${path} (${names.join('; ')} has it open)`;
  });
}

function goneWords(restoreId: string): string {
  return `What was there before ${restoreId} is gone: its checkpoint was deleted and its space reclaimed`;
}

/** Why a checkpoint is needed, as a sentence of its own. */
export const needWords: Readonly<Record<string, string>> = {
  pinned: 'it is pinned',
  newest: 'it is the newest',
  latest: 'it is what `latest` stands for',
  paused: 'the paused project resumes from it',
  pausing: 'a pause under way has written it',
  restore: 'a restore under way needs it',
  undo: '`codeframe undo` needs it',
  redo: '`codeframe redo` needs it',
};

function words(codes: readonly [ExitCode, number], message: string, hint: string): FailureWords {
  return { message: oneLine(message), hint, exitCode: codes[0], httpStatus: codes[1] };
}
