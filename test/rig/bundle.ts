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

async function makeBundle(entry: string): Promise<string> {
  const built = await build({
    entryPoints: [entry],
    absWorkingDir: repository,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'inline',
    external: ['better-sqlite3', 'better-sqlite3-napi', 'esbuild'],
    // As in scripts/build.mjs: bundled CommonJS packages call require().
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const [output] = built.outputFiles;
  if (!output) throw new Error(`no bundle came of ${entry}`);
  const hash = createHash('sha256').update(output.contents).digest('hex').slice(0, 16);
  const path = join(outdir, `${basename(entry, '.ts')}-${hash}.mjs`);
  await mkdir(outdir, { recursive: true });
  const partial = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(partial, output.contents);
  await rename(partial, path);
  return path;
}
