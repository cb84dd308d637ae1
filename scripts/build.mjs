// Bundles the program into dist/: one file a command loads, so that the start is near that of node itself.
import { build } from 'esbuild';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const outdir = path.resolve('dist');
const built = await build({
  entryPoints: {
    cli: 'src/cli/cli.ts',
    index: 'src/index.ts',
    context: 'src/context-entry.ts',
    reaper: 'src/adapters/processes/reaper.ts',
  },
  outdir,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  external: ['better-sqlite3', 'better-sqlite3-napi'],
  // Bundled CommonJS packages call require(); an ES module has none of its own.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

// A program that runs from here may load a chunk later: files appear whole, and old chunks stay for an hour.
await mkdir(outdir, { recursive: true });
for (const file of built.outputFiles) {
  const partial = `${file.path}.${process.pid}`;
  await writeFile(partial, file.contents);
  await rename(partial, file.path);
}
const kept = new Set(built.outputFiles.map((file) => path.basename(file.path)));
for (const name of await readdir(outdir)) {
  const old = path.join(outdir, name);
  if (!kept.has(name) && Date.now() - (await stat(old)).mtimeMs > 3_600_000) await rm(old, { force: true });
}
