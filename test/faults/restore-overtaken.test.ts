import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileTreeWriter } from '../../src/adapters/tree-writer/tree-writer.ts';
import { bundleFixture } from '../rig/bundle.ts';
import { treeOf, type ModelNode } from '../rig/random-tree.ts';
import { makeTree, readTree, withDirectory } from '../rig/real-tree.ts';
import { withRestoreBench } from '../rig/restore-bench.ts';

const saved = treeOf([
  ['changed', file('saved')],
  ['dir-then-file/a', file('saved')],
  ['file-then-dir', file('saved')],
  ['last', file('saved')],
]);
const present = treeOf([
  ['changed', file('present')],
  ['dir-then-file', file('present')],
  ['file-then-dir/a/b', file('present')],
  ['last', file('present')],
  ['added', file('present')],
]);

describe('a restore whose process was stopped for too long', () => {
  it('leaves what the new owner rolled back, at whichever step it goes on', async () => {
    const script = await bundleFixture(new URL('./fixtures/roll-restore-back.ts', import.meta.url));
    for (let step = 1; ; step++) {
      const overtaken = await restoreOvertaken(script, step);
      if (!overtaken) {
        console.log(`overtaken at each of ${step - 1} steps of the apply`);
        expect(step).toBeGreaterThan(10);
        return;
      }
    }
  });
});

/** A restore during one step of which another process ends it; answers false when it had fewer steps. */
async function restoreOvertaken(script: string, step: number): Promise<boolean> {
  return withDirectory((directory) =>
    withRestoreBench(async ({ root, dataDir, ports, checkpoint, restore }) => {
      await makeTree(root, saved);
      const id = await checkpoint();
      await makeTree(root, present);
      let left = step;
      let overtaken = false;
      ports.writer.apply = (restoreId) => {
        const onStep = (): void => {
          if (--left !== 0) return;
          execFileSync(process.execPath, [script, directory]);
          overtaken = true;
        };
        const options = { root, journalDir: join(dataDir, 'journal'), onStep };
        return new FileTreeWriter(options).apply(restoreId);
      };
      const failed = await restore(id).then(
        () => false,
        () => true,
      );
      expect(failed).toBe(overtaken);
      expect(await readTree(root)).toEqual(overtaken ? present : saved);
      return overtaken;
    }, directory),
  );
}

function file(text: string): ModelNode {
  return { kind: 'file', mode: 0o644, text };
}
