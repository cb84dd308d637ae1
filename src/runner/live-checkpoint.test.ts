import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { RunnerPorts } from './ports.ts';
import { checkpointProject } from './live-checkpoint.ts';
import { restoreProject } from './restore-project.ts';

/** A project without an owner. */
function withFreeProject(work: (ports: RunnerPorts) => Promise<void>): Promise<void> {
  return withRunnerBench(async ({ ports }) => {
    await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: null } }));
    await work(ports);
  });
}

describe('a checkpoint by hand', () => {
  it('keeps everybody from restoring while it reads the files', async () => {
    await withFreeProject(async (ports) => {
      await writeFile(join(ports.projectDir, 'a'), 'old');
      const { id: checkpointId } = await checkpointProject(ports, {});
      const refused: unknown[] = [];
      const tree = {
        ...ports.tree,
        scan: async (options: Parameters<typeof ports.tree.scan>[0]) => {
          refused.push(await restoreProject(ports, { checkpointId }).catch((error: unknown) => error));
          return ports.tree.scan(options);
        },
      };
      const row = await checkpointProject({ ...ports, tree }, { name: 'mine' });
      expect(row.name).toBe('mine');
      expect(refused).toMatchObject([{ failure: { code: 'project-owned', command: 'library checkpoint' } }]);
      expect((await restoreProject(ports, { checkpointId })).status).toBe('finished');
    });
  });
});
