// Bundles the program into dist/: one file a command loads, so that the start is near that of node itself.
import { build, transform } from 'esbuild';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const outdir = path.resolve('dist');
const options = {
  outdir,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['better-sqlite3', 'better-sqlite3-napi'],
  logLevel: 'warning',
};

const built = [...(await library()), ...(await program()), ...(await start())];

// A program that runs from here may load a chunk later: files appear whole, and old chunks stay for an hour.
await mkdir(outdir, { recursive: true });
for (const file of built) {
  const partial = `${file.path}.${process.pid}`;
  await writeFile(partial, file.contents);
  await rename(partial, file.path);
}
const kept = new Set(built.map((file) => path.basename(file.path)));
for (const name of await readdir(outdir)) {
  const old = path.join(outdir, name);
  if (kept.has(name) || Date.now() - (await stat(old)).mtimeMs <= 3_600_000) continue;
  await rm(old, { force: true, recursive: true });
}

async function library() {
  const { outputFiles } = await build({
    ...options,
    entryPoints: {
      index: 'src/index.ts',
      context: 'src/context-entry.ts',
      reaper: 'src/adapters/processes/reaper.ts',
    },
    sourcemap: true,
    // Bundled CommonJS packages call require(); an ES module has none of its own.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return outputFiles;
}

/** As CommonJS: only that can be loaded with the code that V8 made of it before. esbuild splits ES modules alone. */
async function program() {
  const { outputFiles } = await build({
    ...options,
    entryPoints: { cli: 'src/cli/cli.ts' },
    sourcemap: 'inline',
  });
  const files = await Promise.all(outputFiles.map((file) => toCommonJs(file)));
  return files.flat();
}

async function toCommonJs({ path: file, text }) {
  const name = `${path.basename(file, '.js')}.cjs`;
  const { code, map } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: options.target,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__url' },
    banner: text.includes('import.meta.url')
      ? "const __url = require('node:url').pathToFileURL(__filename).href;"
      : '',
    sourcemap: 'external',
    sourcefile: name,
    // The library's maps hold the sources.
    sourcesContent: false,
    logLevel: 'warning',
  });
  const contents = code.replaceAll(/require\("\.\/([\w-]+)\.js"\)/gu, 'require("./$1.cjs")');
  const at = path.join(outdir, name);
  return [
    { path: at, contents: `${contents}//# sourceMappingURL=${name}.map\n` },
    { path: `${at}.map`, contents: map },
  ];
}

async function start() {
  const { outputFiles } = await build({
    ...options,
    splitting: false,
    format: 'cjs',
    entryPoints: { start: 'src/cli/start.ts' },
    outExtension: { '.js': '.cjs' },
  });
  return outputFiles;
}
