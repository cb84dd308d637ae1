import type { Failure, FailureCode } from './failure.ts';

/** A failure of one code. */
export type Of<Code extends FailureCode> = Extract<Failure, { readonly code: Code }>;

/** What a remote did, behind its name. */
export function remoteProblem({ why, doing, problem }: Of<'remote-failed'>): string {
  switch (why) {
    case 'unreachable':
      return `cannot be reached: ${problem}`;
    case 'denied':
      return `does not let you ${doing}: ${problem}`;
    case 'no-repository':
      return `is no git repository: ${problem}`;
    case 'refused':
      return `refused to ${doing}: ${problem}`;
    case 'other':
      return `could not ${doing}: ${problem}`;
  }
}

const again = 'Run the command again: what was done stays done.';

/** What to do about it. */
export const remoteHints: Readonly<Record<Of<'remote-failed'>['why'], string>> = {
  unreachable: `Check the network and the address (\`git remote -v\`). ${again}`,
  denied:
    'Check that `git ls-remote` works without a question: a key in the agent, or a credential helper. Nothing half done was kept.',
  'no-repository': 'Check the name or the address: `git remote -v` lists the remotes of your repository.',
  refused: 'Ask who runs it whether refs/codeframe/ may be written; nothing of yours was changed there.',
  other: again,
};

/** Why a directory cannot be a project. */
export function unsafeDirectory(failure: Of<'unsafe-directory'>): string {
  switch (failure.why) {
    case 'root':
      return `${failure.dir} is the root of the file system and cannot be a project`;
    case 'home':
      return `${failure.dir} is your home directory and cannot be a project`;
    case 'inside-data':
      return `${failure.dir} holds codeframe's own data and cannot be a project`;
  }
}

/** What is like it, and the command that lists what there is. */
export function unknownIdHint(failure: Of<'unknown-id'>): string {
  const list = listHint(failure.kind);
  return failure.near.length === 0
    ? sentence(list)
    : `Did you mean ${failure.near.join(', ')}? ${sentence(list)}`;
}

/** The command that lists what there is of a kind. */
export function listHint(kind: string): string {
  const command = {
    agent: 'agent list',
    task: 'task list',
    checkpoint: 'checkpoint list',
    'deleted checkpoint': 'checkpoint list --deleted',
    blocker: 'blocker list',
    item: 'context list',
    'archived piece': 'context list',
    permission: 'permission list',
  }[kind];
  return command === undefined
    ? '`codeframe status` shows what there is.'
    : `\`codeframe ${command}\` shows what there is.`;
}

/** Where another database comes from. */
export function databaseHint({ backups }: { readonly backups: readonly string[] }): string {
  const [newest] = backups;
  if (newest !== undefined)
    return `\`codeframe doctor --repair\` makes it anew from the newest checkpoint, and keeps the damaged file; its newest backup is ${newest}. Nothing was overwritten.`;
  return 'There is no backup of it, but the checkpoints are not in it: `codeframe doctor --repair` makes it anew from the newest, and keeps the damaged file. Nothing was overwritten.';
}

/** The first three, and how many more. */
export function some(things: readonly string[]): string {
  const more = things.length - 3;
  return things.slice(0, 3).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** As a command or a name. */
export function quoted(text: string): string {
  return `\`${text}\``;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What others say of a problem may have lines and a full stop of its own. */
export function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}
