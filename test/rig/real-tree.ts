import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelNode, ModelTree } from './random-tree.ts';

/** A directory that is there for a test. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'codeframe-')));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Makes a directory hold exactly this tree; names are one character a byte. */
export async function makeTree(root: string, tree: ModelTree): Promise<void> {
  await emptyDirectory(root);
  const directories: [Buffer, number][] = [];
  for (const [path, node] of tree) {
    const at = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
    if (node.kind === 'directory') {
      await mkdir(at);
      directories.push([at, node.mode]);
    } else if (node.kind === 'link') await symlink(Buffer.from(node.target, 'latin1'), at);
    else {
      await writeFile(at, Buffer.from(node.text, 'latin1'));
      await chmod(at, node.mode);
    }
  }
  for (const [at, mode] of directories.reverse()) await chmod(at, mode);
}

/** What a directory holds; nothing is left out. */
export async function readTree(root: string): Promise<ModelTree> {
  const tree = new Map<string, ModelNode>();
  await readInto(tree, root, '');
  return new Map([...tree].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function readInto(tree: Map<string, ModelNode>, root: string, above: string): Promise<void> {
  const directory = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(above, 'latin1')]);
  for (const raw of await readdir(directory, { encoding: 'buffer' })) {
    const path = above + raw.toString('latin1');
    const at = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
    const stats = await lstat(at);
    const mode = stats.mode & 0o7777;
    if (stats.isSymbolicLink()) {
      tree.set(path, {
        kind: 'link',
        target: (await readlink(at, { encoding: 'buffer' })).toString('latin1'),
      });
    } else if (stats.isDirectory()) {
      tree.set(path, { kind: 'directory', mode });
      await readInto(tree, root, `${path}/`);
    } else tree.set(path, { kind: 'file', mode, text: (await readFile(at)).toString('latin1') });
  }
}

async function emptyDirectory(root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const name of await readdir(root, { encoding: 'buffer' })) {
    await rm(Buffer.concat([Buffer.from(`${root}/`), name]), { recursive: true, force: true });
  }
}
