import { expect, test } from 'vitest';
import { draftOf, file } from '../../test/conformance/checkpoint-store.ts';
import { openMemoryCheckpoints } from '../adapters/checkpoint-memory/memory-checkpoint-store.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { captureWorktrees, savedWorktree, withUnkept, worktreeParts } from './worktree-parts.ts';

const at = '{"head":null,"branch":"codeframe/ann","operation":null}\n';

async function storedWith(parts: Readonly<Record<string, string>>): Promise<StoredCheckpoint> {
  const store = openMemoryCheckpoints();
  const all = { 'at.json': at, ...parts };
  const drafts = Object.entries(all).map(([name, text]) => ({
    path: `worktrees/ann/${name}`,
    bytes: Buffer.from(text),
  }));
  await store.create(draftOf('c1', [file('a', 'A')], drafts));
  return store.open('c1');
}

test('a checkpoint before a restored worktree is in place has all that the restored one has', async () => {
  const parts = { 'git/HEAD': 'ref: refs/heads/codeframe/ann\n', 'staged/blobs/abc': 'staged\n' };
  const stored = await storedWith(parts);
  const row = { agent: 'ann', name: 'ann', branch: 'codeframe/ann', fromId: 'c1' };
  const known = await captureWorktrees({ checkpoints: { open: async () => stored } }, [row]);
  expect(worktreeParts(known).map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual([
    ['worktrees/ann/at.json', at],
    ['worktrees/ann/git/HEAD', parts['git/HEAD']],
    ['worktrees/ann/staged/blobs/abc', 'staged\n'],
  ]);
});

test('staged files of a worktree that are too big are listed with those of the project', () => {
  const row = { agent: 'ann', name: 'ann', branch: 'codeframe/ann', fromId: null };
  const git = { head: null, branch: null, operation: null, parts: [], unkept: [{ path: 'big', size: 7 }] };
  expect(withUnkept(git, [{ row, captured: { git, commits: null } }])?.unkept).toEqual([
    { path: 'big', size: 7 },
    { path: '.codeframe/worktrees/ann/big', size: 7 },
  ]);
  expect(withUnkept(null, [])).toBeNull();
});

test.each(['git/config', 'git/hooks/post-checkout', 'git/%2e%2e', 'git/rebase-merge/%2e%2e'])(
  'what no capture writes of git is refused by name: %s',
  async (name) => {
    const stored = await storedWith({ [name]: 'x' });
    await expect(savedWorktree(stored, { name: 'ann' })).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: `worktrees/ann/${name}` },
    });
  },
);
