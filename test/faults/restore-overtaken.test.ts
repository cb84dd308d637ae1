import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileTreeWriter } from '../../src/adapters/tree-writer/tree-writer.ts';
import { FileGitRewinder } from '../../src/adapters/user-git/file-git-rewinder.ts';
import { bundleFixture } from '../rig/bundle.ts';
import { GitScene } from '../rig/git-scene.ts';
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

  it('leaves the repository that the new owner put back, at whichever step it goes on', async () => {
    const script = await bundleFixture(new URL('./fixtures/roll-restore-back.ts', import.meta.url));
    const seen = new Set<string>();
    for (let step = 1; ; step++) {
      const name = await rewindOvertaken(script, step);
      if (name === undefined) break;
      seen.add(name);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'lock-index',
        'keep-ref',
        'mark-applying',
        'put-git-file',
        'move-ref',
        'move-head',
      ]),
    );
  });
});

/** The same, during one step of what it does to the repository; answers the name of that step. */
async function rewindOvertaken(script: string, step: number): Promise<string | undefined> {
  return withDirectory((directory) =>
    withRestoreBench(async ({ root, dataDir, ports, checkpoint, restore }) => {
      const git = new GitScene(root);
      git.init();
      writeFileSync(join(root, 'a'), 'first');
      git.commitAll('first');
      git.git('bisect', 'start');
      const id = await checkpoint();
      git.git('bisect', 'reset');
      git.git('checkout', '--quiet', '-b', 'other');
      writeFileSync(join(root, 'a'), 'later');
      git.commitAll('later');
      git.git('branch', '--quiet', '-f', 'main');
      const before = git.state();
      let left = step;
      let during: string | undefined;
      const onStep = (name: string): void => {
        if (--left !== 0) return;
        execFileSync(process.execPath, [script, directory]);
        during = name;
      };
      const rewinder = new FileGitRewinder({ root, journalDir: join(dataDir, 'journal'), onStep });
      ports.gitRewinder.prepare = (job) => rewinder.prepare(job);
      ports.gitRewinder.apply = (restoreId) => rewinder.apply(restoreId);
      const failed = await restore(id, { git: true }).then(
        () => false,
        () => true,
      );
      expect(failed).toBe(during !== undefined);
      if (!failed) return during;
      expect({ step: during, ...git.state() }).toEqual({ step: during, ...before });
      expect(git.kept()).toEqual([]);
      expect(readdirSync(join(root, '.git')).filter((name) => name.startsWith('codeframe'))).toEqual([]);
      return during;
    }, directory),
  );
}

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
