import type { RestoreRow } from '../checkpoint/restore.ts';
import type { GitDifference } from '../handle.ts';
import type { Line } from './output.ts';
import { countWords, listWords } from './quantity-words.ts';

/** How the user's repository differs from the checkpoint's, and what `--git` does about it. */
export function gitLines(checkpointId: string, git: GitDifference | null): readonly Line[] {
  if (git === null) return [];
  const lines = [...headLines(git), ...git.refs.map(refLine), ...detachedLines(git), ...stateLines(git)];
  if (git.asked) return lines.length === 0 ? [] : ['Git would change:', ...lines];
  const blocked = git.problems.map((problem) => `  not possible now: ${problem}`);
  return [
    'Git is left as it is, and differs from the checkpoint:',
    ...lines,
    ...blocked,
    ...(blocked.length > 0 ? [] : [`\`codeframe restore ${checkpointId} --git\` would bring it back, too.`]),
  ];
}

function headLines({ head }: GitDifference): readonly Line[] {
  if (head.from === head.to) return [];
  return [`  HEAD: ${headWords(head.from)} → ${headWords(head.to)}`];
}

function headWords(head: string): string {
  const branch = /^ref: (?:refs\/heads\/)?(.+)$/.exec(head)?.[1];
  return branch ?? `commit ${head.slice(0, 12)}`;
}

function refLine({ name, from, to, laterCommits }: GitDifference['refs'][number]): Line {
  const [now, then] = [from, to].map((object) => object?.slice(0, 12) ?? 'none');
  const kept = laterCommits === 0 ? '' : ` (${countWords(laterCommits, 'later commit')}, kept under a ref)`;
  return `  ${name.replace(/^refs\/heads\//, 'branch ')}: ${now} → ${then}${kept}`;
}

function detachedLines({ detachedCommits }: GitDifference): readonly Line[] {
  if (detachedCommits === 0) return [];
  return [`  ${countWords(detachedCommits, 'commit')} of no branch, kept under a ref`];
}

function stateLines({ index, operation }: GitDifference): readonly Line[] {
  return [
    ...(index ? ['  index: what is staged differs'] : []),
    ...(operation.from === operation.to
      ? []
      : [`  in progress: ${operation.from ?? 'nothing'} → ${operation.to ?? 'nothing'}`]),
  ];
}

/** What a restore did to the user's repository. */
export function restoredGitLines({ git }: RestoreRow): readonly Line[] {
  if (git === null) return [];
  const { head, refs, index, operation } = git;
  const moved = refs.filter(({ to, from }) => to !== from).map(({ name }) => name);
  const changed = [
    ...(head.from === head.to ? [] : [`HEAD is on ${headWords(head.to)}`]),
    ...moved.filter((name) => name !== 'HEAD').map((name) => `${name} is moved`),
    ...(index ? ['the index is back'] : []),
    ...(operation.from === operation.to ? [] : [operationWords(operation)]),
  ];
  const kept = refs.filter(({ keptAs }) => keptAs !== null);
  return [
    `Git: ${changed.length === 0 ? 'it was so already' : listWords(changed)}.`,
    ...kept.map(({ name, keptAs }) => `The later commits of ${name} are kept under ${keptAs}.`),
  ];
}

function operationWords({ from, to }: NonNullable<RestoreRow['git']>['operation']): string {
  return to === null ? `the ${from} is not in progress any more` : `a ${to} is in progress`;
}
