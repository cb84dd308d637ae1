import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFixture } from '../../rig/bundle.ts';
import { withDirectory } from '../../rig/real-tree.ts';

const nobody = 65_534;

describe('an ordinary user', () => {
  it('30. may not read some files and directories: they are listed, and outlive every restore', async () => {
    expect(await asUser('unreadable')).toEqual({
      uncovered: [
        ['closed', 'unreadable'],
        ['listable/in', 'unreadable'],
        ['secret', 'unreadable'],
      ],
      restored: 'one',
      kept: ['not to be read', 'not to be read', 'can be listed, not entered'],
    });
  });

  it('55. has no descriptors left: it works or changes nothing, and says why', async () => {
    const said = (await asUser('few descriptors')) as { ends: string[]; wrong: string[] };
    console.log(said.ends.join(', '));
    expect(said.wrong).toEqual([]);
    expect(said.ends.filter((end) => end.includes('corrupt'))).toEqual([]);
    expect(said.ends).toContain('restore done');
    expect(said.ends.some((end) => !end.endsWith('done'))).toBe(true);
  });
});

/** Permissions say nothing to root: then the program runs as nobody. */
async function asUser(what: string): Promise<unknown> {
  const script = await bundleFixture(new URL('../fixtures/trials-as-user.ts', import.meta.url));
  return withDirectory(async (directory) => {
    const copy = join(directory, 'program.mjs');
    copyFileSync(script, copy);
    chmodSync(copy, 0o644);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(directory, nobody, nobody);
    const said = execFileSync(
      'sh',
      ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, copy, directory, what],
      {
        ...(isRoot ? { uid: nobody, gid: nobody } : {}),
        cwd: directory,
        env: { PATH: process.env['PATH'], HOME: directory },
      },
    );
    return JSON.parse(said.toString()) as unknown;
  });
}
