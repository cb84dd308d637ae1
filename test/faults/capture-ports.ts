import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openMemoryStore } from '../../src/adapters/store-memory/memory-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { openUserGit } from '../../src/adapters/user-git/git-user-repository.ts';
import { openWorkTree } from '../../src/adapters/work-tree/fs-work-tree.ts';
import type { CheckpointPorts } from '../../src/checkpoint/create-checkpoint.ts';
import { silentLog } from '../../src/log.ts';
import type { Store } from '../../src/store/store.ts';

/** What a checkpoint of `<place>/project` needs, with its store in `<place>/data`. */
export function openCapture(
  place: string,
  options: { readonly store?: Store; readonly laterMs?: number } = {},
): CheckpointPorts {
  const root = join(place, 'project');
  const dataDir = join(place, 'data');
  for (const dir of [root, dataDir]) mkdirSync(dir, { recursive: true });
  const git = openUserGit({ root });
  return {
    store: options.store ?? openMemoryStore(),
    checkpoints: openGitCheckpoints({ path: join(dataDir, 'store.git') }),
    tree: openWorkTree({
      root,
      dataDir,
      ignored: (nested) => git.ignored(nested),
      now: () => Date.now() + (options.laterMs ?? 0),
    }),
    git,
    clock: systemClock,
    ids: randomIds,
    log: silentLog,
    project: { id: 'ptest', name: 'test' },
    program: 'test',
    schema: 1,
  };
}
