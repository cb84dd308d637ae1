import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import { checkpointProject } from './live-checkpoint.ts';
import { restoreProject } from './restore-project.ts';

describe('a restore that is done', () => {
  it('is reported as done when its end cannot be written, and the next one puts the status right', async () => {
    await withRunnerBench(async ({ ports }) => {
      await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: null } }));
      const file = join(ports.projectDir, 'a');
      await writeFile(file, 'old');
      const { id: checkpointId } = await checkpointProject(ports, {});
      await writeFile(file, 'new');
      let isFull = false;
      const writer = Object.assign(Object.create(ports.writer) as typeof ports.writer, {
        check: ports.writer.check.bind(ports.writer),
        open: ports.writer.open.bind(ports.writer),
        prepare: ports.writer.prepare.bind(ports.writer),
        apply: ports.writer.apply.bind(ports.writer),
        finish: async (restoreId: string) => {
          isFull = true;
          return ports.writer.finish(restoreId);
        },
      });
      const write: typeof ports.store.write = (work, options) =>
        isFull ? Promise.reject(new Error('no space')) : ports.store.write(work, options);
      const store: typeof ports.store = {
        read: (work) => ports.store.read(work),
        write,
        version: () => ports.store.version(),
        close: () => ports.store.close(),
      };
      const { status } = await restoreProject({ ...ports, writer, store }, { checkpointId });
      expect(status).toBe('finished');
      expect(await readFile(file, 'utf8')).toBe('old');
      const stateNow = async () => (await ports.store.read((tx) => tx.get('project', 'p1')))?.status;
      expect(await stateNow()).toBe('restoring');
      await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { pid: null } }));
      await restoreProject(ports, { checkpointId });
      expect(await stateNow()).toBe('created');
    });
  });
});
