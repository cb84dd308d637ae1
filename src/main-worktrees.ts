import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { FileTreeWriter } from './adapters/tree-writer/tree-writer.ts';
import { GitAgentWorktrees } from './adapters/user-git/agent-worktrees.ts';
import { openUserGit } from './adapters/user-git/git-user-repository.ts';
import { openWorkTree } from './adapters/work-tree/fs-work-tree.ts';
import { agentMarker } from './agent/processes.ts';
import type { AgentWorktrees } from './agent/worktree.ts';
import { joinTrees } from './checkpoint/joined-tree.ts';
import { joinWriters } from './checkpoint/joined-writer.ts';
import type { TreeWriter } from './checkpoint/tree-writer.ts';
import type { UserGit } from './checkpoint/user-git.ts';
import type { WorkTree } from './checkpoint/work-tree.ts';
import type { ProjectPlace } from './project/config.ts';

// The part of main.ts that joins what agents with a git worktree of their own need.

/** Where their worktrees are, and what is kept of them beside. */
function placesOf({ dataDir }: Pick<ProjectPlace, 'dataDir'>): {
  readonly dir: string;
  readonly besideDir: string;
} {
  return { dir: path.join(dataDir, 'worktrees'), besideDir: path.join(dataDir, 'worktrees-beside') };
}

/** Writes the project's files and those of the worktrees. */
export function openWriters(place: ProjectPlace): { readonly both: TreeWriter; readonly second: TreeWriter } {
  const { dir, besideDir } = placesOf(place);
  const first = new FileTreeWriter({ root: place.dir, journalDir: path.join(place.dataDir, 'journal') });
  const second = new FileTreeWriter({ root: dir, journalDir: path.join(besideDir, 'journal') });
  const makePlace = (): void => void mkdirSync(dir, { recursive: true, mode: 0o700 });
  return { both: joinWriters(first, second, makePlace), second };
}

/** Adds the worktrees to the project's files. `withoutSecrets`: what keeps new files with a secret out. */
export function withWorktrees(
  place: ProjectPlace,
  project: WorkTree,
  made: {
    readonly second: TreeWriter;
    readonly fileBytesMax: number | undefined;
    readonly bytesMax: number | undefined;
    readonly withoutSecrets: (tree: WorkTree, git: Pick<UserGit, 'tracked'>) => WorkTree;
  },
): WorkTree {
  const { dir, besideDir } = placesOf(place);
  const git = openUserGit({ root: dir });
  // They lie side by side in no repository, also where one happens to be around the data.
  const own: Pick<UserGit, 'ignored' | 'tracked'> = {
    ignored: async (nested) => (nested === undefined ? [] : git.ignored(nested)),
    tracked: async (nested) => (nested === undefined ? [] : git.tracked(nested)),
  };
  const files = openWorkTree({
    root: dir,
    dataDir: besideDir,
    restoring: () => made.second.open(),
    ignored: (nested) => own.ignored(nested),
    fileBytesMax: made.fileBytesMax,
    bytesMax: made.bytesMax,
  });
  const exists = (): boolean => {
    if (!existsSync(dir)) return false;
    mkdirSync(besideDir, { recursive: true, mode: 0o700 });
    return true;
  };
  return joinTrees(project, { tree: made.withoutSecrets(files, own), exists });
}

/** The worktrees themselves. */
export function openWorktrees(place: ProjectPlace, scope: string): AgentWorktrees {
  const { dir, besideDir } = placesOf(place);
  return new GitAgentWorktrees({
    root: place.dir,
    dir,
    makingDir: path.join(besideDir, 'making'),
    journalDir: path.join(besideDir, 'git-journal'),
    marker: agentMarker(scope, '.git', String(process.pid)),
  });
}
