import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
// Below node_modules, so that the packages that stay outside the bundle are found from there.
const outdir = join(repository, 'node_modules', '.cache', 'codeframe-fixtures');

const bundles = new Map<string, Promise<string>>();

/**
 * Makes a program of a TypeScript file, for a test to start as a child: Node 20 runs no TypeScript.
 * Answers the path of the `.mjs`; its name is its content's hash, so that tests that run side by side share it.
 */
export function bundleFixture(entry: string | URL): Promise<string> {
  const path = typeof entry === 'string' ? entry : fileURLToPath(entry);
  const known = bundles.get(path);
  if (known) return known;
  const made = makeBundle(path);
  bundles.set(path, made);
  return made;
}

/** In pieces and without a map: a child loads what it uses, where all in one file would be 30 MB to read at each start. */
async function makeBundle(entry: string): Promise<string> {
  const name = basename(entry, '.ts');
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: repository,
    outdir,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: `${name}-[name]-[hash]`,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['better-sqlite3', 'better-sqlite3-napi', 'esbuild'],
    // As in scripts/build.mjs: bundled CommonJS packages call require().
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const program = outputFiles.find(({ path }) => basename(path) === `${name}.mjs`);
  if (!program) throw new Error(`no bundle came of ${entry}`);
  // It names its pieces by their hashes, so that its own is that of all.
  const hash = createHash('sha256').update(program.contents).digest('hex').slice(0, 16);
  const path = join(outdir, `${name}-${hash}.mjs`);
  await mkdir(outdir, { recursive: true });
  for (const file of outputFiles) await place(file === program ? path : file.path, file.contents);
  return path;
}

/** Whole or not at all: others start it at the same time. */
async function place(path: string, contents: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(partial, contents);
  await rename(partial, path);
}
