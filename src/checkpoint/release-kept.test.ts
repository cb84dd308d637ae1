import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GitScene } from '../../test/rig/git-scene.ts';
import { withRestoreBench, type RestoreBench } from '../../test/rig/restore-bench.ts';
import { defaultCheckpointSettings } from './automatic.ts';
import { releaseKeptRefs } from './release-kept.ts';
import { readNeeds } from './retention-needs.ts';
import { findUndoable } from './undo.ts';

const day = 24 * 3_600_000;

describe('the refs that keep the commits which a restore took away', () => {
  it('stay as long as the restore can be undone, however old it is', async () => {
    await withRestored(async ({ git, release }) => {
      git.git('branch', 'again', git.kept()[0]?.split(' ')[1] ?? '');
      expect(await release(0)).toEqual([]);
      expect(await release(400)).toEqual([]);
      expect(git.kept()).toHaveLength(1);
    });
  });

  it('go when what was there before the restore is gone, and something else leads to the commit', async () => {
    await withRestored(async ({ git, tip, ports, release, loseSafety }) => {
      await loseSafety();
      expect(await release(0)).toEqual([]);
      // Another checkpoint's ref is none of the user's, and goes with its checkpoint.
      git.git('update-ref', 'refs/codeframe/c000000000000', tip);
      expect(await release(0)).toEqual([]);
      for (const [name, ref] of [
        ['tag', 'refs/tags/t'],
        ['branch', 'refs/heads/b'],
        ['remote', 'refs/remotes/o/b'],
      ] as const) {
        const kept = git.kept();
        git.git('update-ref', ref, tip);
        expect(await release(0), name).toEqual([kept[0]?.split(' ')[0]]);
        git.git('update-ref', '-d', ref);
        git.git('update-ref', kept[0]?.split(' ')[0] ?? '', tip);
      }
      await expect(findUndoable(ports.store, 'undo')).rejects.toMatchObject({
        failure: { code: 'nothing-to-undo', gone: expect.stringMatching(/^r/) as unknown },
      });
    });
  });

  it('that alone name a commit stay until the restore is too old, and not longer', async () => {
    await withRestored(async ({ git, release, loseSafety }) => {
      await loseSafety();
      expect(await release(89)).toEqual([]);
      expect(git.kept()).toHaveLength(1);
      expect(await release(91)).toHaveLength(1);
      expect(git.kept()).toEqual([]);
    });
  });

  it('go when the restore was undone, unless the user left the commit again', async () => {
    await withRestored(async ({ git, tip, first, undo, release }) => {
      await undo();
      expect(git.git('rev-parse', 'main')).toBe(tip);
      git.git('reset', '--quiet', '--hard', first);
      expect(await release(0)).toEqual([]);
      expect(git.kept()).toHaveLength(1);
      git.git('reset', '--quiet', '--hard', tip);
      expect(await release(0)).toHaveLength(1);
      expect(git.git('rev-parse', 'main')).toBe(tip);
    });
  });

  it('of a restore that the ledger does not know stay', async () => {
    await withRestored(async ({ git, tip, release, loseSafety }) => {
      await loseSafety();
      git.git('update-ref', 'refs/codeframe/kept/rother/heads/main', tip);
      git.git('branch', 'again', tip);
      expect(await release(400)).toHaveLength(1);
      expect(git.kept()).toEqual([`refs/codeframe/kept/rother/heads/main ${tip}`]);
    });
  });
});

describe('the safety checkpoint of a restore', () => {
  it('is needed while the restore is young, and then one like any other', async () => {
    await withRestored(async ({ ports, later }) => {
      const { safetyId } = await findUndoable(ports.store, 'undo');
      const needs = (days: number): Promise<readonly string[]> =>
        ports.store.read(async (tx) => (await readNeeds(tx, later(days))).get(safetyId) ?? []);
      expect(await needs(89)).toContain('undo');
      expect(await needs(91)).not.toContain('undo');
    });
  });
});

describe('the order of undo', () => {
  it('is that of the restores, also when the clock ran backwards between them', async () => {
    await withRestored(async ({ root, ports, checkpoint, restore, undo }) => {
      const id = await checkpoint();
      const text = (): string => new GitScene(root).git('hash-object', 'a');
      const now = ports.clock.now();
      const seen: string[] = [];
      for (const back of [1, 2, 3]) {
        writeFileSync(join(root, 'a'), `edit ${back}`);
        seen.unshift(text());
        Object.assign(ports, { clock: { ...ports.clock, now: () => now - back * day } });
        await restore(id);
      }
      for (const before of seen) {
        await undo();
        expect(text()).toBe(before);
        await restore(id);
        await undo();
      }
    });
  });
});

interface Restored extends RestoreBench {
  readonly git: GitScene;
  readonly first: string;
  /** The commit that the restore took away. */
  readonly tip: string;
  readonly later: (days: number) => RestoreBench['ports'] & { checkpointSettings: { undoForMs: number } };
  /** Answers the refs that went, so many days after now. */
  readonly release: (days: number) => Promise<readonly string[]>;
  readonly loseSafety: () => Promise<void>;
}

/** `main` was brought back from its second commit to its first. */
function withRestored(work: (restored: Restored) => Promise<void>): Promise<void> {
  return withRestoreBench(async (bench) => {
    const { root, ports, checkpoint, restore } = bench;
    const git = new GitScene(root);
    git.init();
    writeFileSync(join(root, 'a'), 'first');
    const first = git.commitAll('first');
    const id = await checkpoint();
    writeFileSync(join(root, 'a'), 'tip');
    const tip = git.commitAll('tip');
    const { safetyId } = await restore(id, { git: true });
    expect(git.kept()).toHaveLength(1);
    const { undoForMs } = defaultCheckpointSettings;
    const later: Restored['later'] = (days) => ({
      ...ports,
      clock: { ...ports.clock, now: () => Date.now() + days * day },
      checkpointSettings: { undoForMs },
    });
    await work({
      ...bench,
      git,
      first,
      tip,
      later,
      release: (days) => releaseKeptRefs(later(days)),
      loseSafety: () =>
        ports.store.write(async (tx) => {
          await tx.update('checkpoints', { key: [safetyId ?? ''], set: { reclaimedAt: 1 } });
        }),
    });
  });
}
