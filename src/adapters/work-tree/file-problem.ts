import { showPath, type TreePath } from '../../checkpoint/tree.ts';
import { CodeframeError } from '../../failure.ts';

/** Why one file cannot be captured, where that is no reason to give up the others. */
export type FileProblem = 'gone' | 'changing' | 'unreadable' | 'special';

/** What an error of `fs` says of the file. Throws `input-output` for what is the machine's trouble and not the file's. */
export function fileProblem(
  error: unknown,
  at: { readonly path: TreePath; readonly doing: string },
): FileProblem {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const known = problems[code];
  if (known !== undefined) return known;
  if (code === '') throw error;
  const { path, doing } = at;
  const problem = error instanceof Error ? error.message : code;
  throw new CodeframeError({ code: 'input-output', path: showPath(path), doing, problem }, { cause: error });
}

const problems: Readonly<Record<string, FileProblem>> = {
  ENOENT: 'gone',
  // Something on the way to it is no directory any more.
  ENOTDIR: 'gone',
  ESTALE: 'changing',
  // Opened with O_NOFOLLOW, and it is a link by now.
  ELOOP: 'changing',
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  ENAMETOOLONG: 'unreadable',
  EINVAL: 'unreadable',
  // A socket, or a device that nobody answers for.
  ENXIO: 'special',
  ENODEV: 'special',
};
