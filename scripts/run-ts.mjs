// Runs a TypeScript file of this repository: Node 20 cannot by itself.  node scripts/run-ts.mjs FILE [ARGS]
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

const [entry = '', ...args] = process.argv.slice(2);
// Below node_modules, so that the packages that stay outside the bundle are found from there.
const outdir = path.resolve('node_modules', '.cache', 'codeframe-scripts');
mkdirSync(outdir, { recursive: true });
const outfile = path.join(outdir, `${entry.replaceAll(/[^a-z0-9]+/giu, '-')}.mjs`);
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'inline',
  external: ['better-sqlite3', 'better-sqlite3-napi', 'esbuild'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...args], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
