import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openMemoryCheckpoints } from '../../src/adapters/checkpoint-memory/memory-checkpoint-store.ts';
import { describeCheckpointSpace } from './checkpoint-space.ts';

describeCheckpointSpace({
  name: 'memory',
  create: async () => ({ store: openMemoryCheckpoints(), destroy: async () => undefined }),
});

describeCheckpointSpace({
  name: 'git',
  create: async () => {
    const dir = await mkdtemp(join(tmpdir(), 'codeframe-space-'));
    const store = openGitCheckpoints({ path: join(dir, 'store.git') });
    return {
      store,
      destroy: async () => {
        await store.close();
        await rm(dir, { recursive: true });
      },
    };
  },
});
