import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFixture } from '../rig/bundle.ts';
import { withDirectory } from '../rig/real-tree.ts';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

describe('a restore by an ordinary user', () => {
  it('is blocked by a directory that cannot be written, before anything changes', async () => {
    expect(await restoreAsUser('read-only directory')).toEqual({
      failure: {
        code: 'restore-blocked',
        problems: [{ path: 'closed', problem: 'its directory cannot be written' }],
      },
      asBefore: true,
      asSaved: false,
      journals: [],
    });
  });

  it('replaces a read-only file in a directory that can be written', async () => {
    expect(await restoreAsUser('')).toEqual({ failure: null, asBefore: false, asSaved: true, journals: [] });
  });
});

/** Permissions say nothing to root: then the program runs as nobody. */
async function restoreAsUser(name: string): Promise<unknown> {
  const script = await bundleFixture(new URL('./fixtures/restore-as-user.ts', import.meta.url));
  return withDirectory(async (directory) => {
    const copy = join(directory, 'program.mjs');
    copyFileSync(script, copy);
    chmodSync(copy, 0o644);
    if (isRoot) chownSync(directory, nobody, nobody);
    const user = isRoot ? { uid: nobody, gid: nobody } : {};
    const env = { PATH: process.env['PATH'], HOME: directory };
    const said = execFileSync(process.execPath, [copy, directory, name], { ...user, cwd: directory, env });
    return JSON.parse(said.toString()) as unknown;
  });
}
