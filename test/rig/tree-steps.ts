import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { parentsOf } from './random-tree.ts';
import { isGit, rawPath } from './tree-facts.ts';

/** One thing that somebody does to a working tree. Plain data, so that a failing list can be printed and made shorter. */
export type TreeStep =
  | { readonly do: 'write' | 'append'; readonly path: string; readonly text: string; readonly times: number }
  | {
      readonly do: 'edit-unseen' | 'truncate' | 'delete' | 'make-directory' | 'make-repository';
      readonly path: string;
    }
  | { readonly do: 'chmod'; readonly path: string; readonly bits: number }
  | { readonly do: 'symlink'; readonly path: string; readonly target: string }
  | { readonly do: 'rename' | 'hard-link'; readonly path: string; readonly to: string }
  | { readonly do: 'git'; readonly args: readonly string[]; readonly in: string };

// Few, so that two paths meet often, in every combination of kinds. What starts with `ign` is ignored.
const names = ['a', 'b', 'c', 'A', 'ign1', 'ign2', 'n', '\xff\n', '-x', '.git~1', ' '];
const texts = ['one\n', 'two\n', 'lines\r\nof text\0\n', 'x'];
const times = [0, 1, 1, 1, 5_000];
const targets = ['a', '../outside', '/nowhere', 'ign1', '.', '\xff'];
const commands: readonly (readonly string[])[] = [
  ['add', '-A'],
  ['commit', '-q', '--allow-empty', '-am', 'more'],
  ['stash', '-q'],
  ['stash', 'pop', '-q'],
  ['checkout', '-q', '-b', 'side'],
  ['checkout', '-q', 'side'],
  ['checkout', '-q', 'main'],
  ['merge', '-q', 'side'],
  ['merge', '--abort'],
  ['cherry-pick', 'side'],
  ['rebase', 'side'],
  ['rebase', '--abort'],
  ['reset', '-q'],
  ['checkout', '-q', '--detach'],
  ['mv', 'a', 'b'],
  ['rm', '-rqf', '--ignore-unmatch', 'b'],
  ['gc', '-q', '--prune=now'],
  ['pack-refs', '--all'],
];

const kinds = [
  'write',
  'write',
  'write',
  'append',
  'edit-unseen',
  'edit-unseen',
  'truncate',
  'delete',
  'delete',
  'make-directory',
  'chmod',
  'chmod',
  'symlink',
  'symlink',
  'rename',
  'rename',
  'hard-link',
  'git',
  'git',
] as const;

/** The next step; `random` answers numbers in [0, 1). */
export function randomStep(random: () => number): TreeStep {
  const one = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new Error('nothing to choose from');
    return found;
  };
  const path = Array.from({ length: 1 + Math.floor(random() * 3) }, () => one(names)).join('/');
  const kind = random() < 0.02 ? 'make-repository' : one(kinds);
  switch (kind) {
    case 'write':
    case 'append':
      return { do: kind, path, text: one(texts), times: one(times) };
    case 'chmod':
      return { do: kind, path, bits: one([0o600, 0o644, 0o755, 0o4755, 0o700, 0o1777]) };
    case 'symlink':
      return { do: kind, path, target: one(targets) };
    case 'rename':
    case 'hard-link':
      return {
        do: kind,
        path,
        to: Array.from({ length: 1 + Math.floor(random() * 2) }, () => one(names)).join('/'),
      };
    case 'git':
      return { do: kind, args: one(commands), in: random() < 0.1 ? path : '' };
    case 'edit-unseen':
    case 'truncate':
    case 'delete':
    case 'make-directory':
    case 'make-repository':
      return { do: kind, path };
  }
}

/** Does it, as far as it can be done: what does not fit the tree as it is does nothing. Never leaves `root`. */
export function applyStep(root: string, step: TreeStep): void {
  try {
    tryStep(root, step);
  } catch (error) {
    const unfit = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'EINVAL', 'ELOOP'];
    if (!unfit.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function tryStep(root: string, step: TreeStep): void {
  if (step.do === 'git') return runGit(root, step);
  const at = rawPath(root, step.path);
  const kind = kindAt(at);
  switch (step.do) {
    case 'write':
      makeRoom(root, step.path, 'file');
      writeFileSync(at, step.text.repeat(step.times));
      return;
    case 'append':
      return kind === 'file' ? appendFileSync(at, step.text.repeat(step.times)) : undefined;
    case 'edit-unseen':
      return kind === 'file' ? editUnseen(at) : undefined;
    case 'truncate':
      return kind === 'file' ? truncateSync(at, Math.min(2, lstatSync(at).size)) : undefined;
    case 'delete':
      return rmSync(at, { recursive: true, force: true });
    case 'make-directory':
      return makeRoom(root, step.path, 'directory');
    case 'make-repository':
      return makeRepository(root, step.path);
    case 'chmod':
      if (kind === 'file') chmodSync(at, step.bits);
      // Its owner can always work in it: an ordinary user has to get on, too.
      if (kind === 'directory') chmodSync(at, step.bits | 0o700);
      return;
    case 'symlink':
      makeRoom(root, step.path, 'link');
      symlinkSync(Buffer.from(step.target, 'latin1'), at);
      return;
    case 'hard-link':
      return hardLink(root, step);
    case 'rename':
      return rename(root, step);
  }
}

type Kind = 'file' | 'directory' | 'link' | 'nothing';

function kindAt(at: Buffer): Kind {
  const stats = lstatSync(at, { throwIfNoEntry: false });
  if (stats === undefined) return 'nothing';
  if (stats.isSymbolicLink()) return 'link';
  return stats.isDirectory() ? 'directory' : 'file';
}

/** Makes the directories above, and takes away what is at the path; a file stays to be written, a directory as it is. */
function makeRoom(root: string, path: string, kind: 'file' | 'directory' | 'link'): void {
  for (const parent of parentsOf(path)) makeDirectory(rawPath(root, parent));
  const at = rawPath(root, path);
  if (kind === 'directory') return makeDirectory(at);
  const found = kindAt(at);
  if (found !== 'nothing' && !(found === 'file' && kind === 'file')) rmSync(at, { recursive: true });
}

function makeDirectory(at: Buffer): void {
  const found = kindAt(at);
  if (found === 'directory') return;
  if (found !== 'nothing') rmSync(at);
  mkdirSync(at);
}

function editUnseen(at: Buffer): void {
  const { atime, mtime } = lstatSync(at);
  const bytes = readFileSync(at);
  const [first] = bytes;
  if (first === undefined) return;
  bytes[0] = first === 0x78 ? 0x79 : 0x78;
  writeFileSync(at, bytes);
  utimesSync(at, atime, mtime);
}

type Move = Extract<TreeStep, { do: 'rename' | 'hard-link' }>;

function hardLink(root: string, step: Move): void {
  const from = rawPath(root, step.path);
  if (kindAt(from) !== 'file' || areRelated(step)) return;
  makeRoom(root, step.to, 'link');
  // What had to make room may have been on the way to it.
  if (kindAt(from) === 'file') linkSync(from, rawPath(root, step.to));
}

function rename(root: string, step: Move): void {
  const from = rawPath(root, step.path);
  if (kindAt(from) === 'nothing' || areRelated(step)) return;
  makeRoom(root, step.to, 'link');
  // By way of a link the new name may be the old one.
  if (kindAt(rawPath(root, step.to)) === 'nothing') renameSync(from, rawPath(root, step.to));
}

function areRelated({ path, to }: Move): boolean {
  return `${to}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${to}/`);
}

function makeRepository(root: string, path: string): void {
  if (path.split('/').some((name) => isGit(name) || name.startsWith('ign')) || !isText(path)) return;
  makeRoom(root, path, 'directory');
  spawnGit(`${root}/${path}`, ['init', '-q']);
}

function runGit(root: string, step: Extract<TreeStep, { do: 'git' }>): void {
  if (step.in !== '' && (!isText(step.in) || !existsSync(`${root}/${step.in}/.git`))) return;
  spawnGit(step.in === '' ? root : `${root}/${step.in}`, step.args);
}

function isText(path: string): boolean {
  return !/[^\x20-\x7e]/.test(path);
}

/** Whether it works out is nobody's business: a refused merge is a state, too. */
export function spawnGit(cwd: string, args: readonly string[]): void {
  askGit(cwd, args);
}

/** What git prints, one character a byte. */
export function askGit(cwd: string, args: readonly string[]): string {
  const settings = [
    'user.name=t',
    'user.email=t@t',
    'core.editor=true',
    'gc.auto=0',
    'advice.detachedHead=false',
  ];
  return spawnSync('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'latin1',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', GIT_EDITOR: 'true' },
  }).stdout;
}
