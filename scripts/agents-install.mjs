// Installs the coding agents that the tests drive, at pinned versions.  npm run agents:install -- [NAME…]
//
// They are other people's programs, some of them proprietary: never a dependency, never in the repository. They go to
// $CODEFRAME_AGENTS_DIR, by default `codeframe/agents` in the user's cache, one folder each, their programs in `bin`.
// What is there at the pinned versions is left alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const pinned = JSON.parse(readFileSync(new URL('../test/agents/pinned.json', import.meta.url), 'utf8'));
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const root = process.env.CODEFRAME_AGENTS_DIR || path.join(cache, 'codeframe', 'agents');
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in pinned));
if (unknown.length > 0) {
  console.error(`no such agent: ${unknown.join(', ')}; there are: ${Object.keys(pinned).join(', ')}`);
  process.exit(2);
}

let failed = 0;
for (const name of asked.length > 0 ? asked : Object.keys(pinned)) {
  const { packages, programs } = pinned[name];
  const what = Object.entries(packages).map(([of, version]) => `${of}@${version}`);
  if (isThere(name)) console.log(`${name}: is there (${what.join(', ')})`);
  else if (install(name, what)) console.log(`${name}: installed ${what.join(', ')}`);
  else {
    failed += 1;
    console.error(`${name}: could not be installed`);
    continue;
  }
  link(name, programs);
}
console.log(`They are in ${root}; their programs in ${path.join(root, 'bin')}.`);
process.exit(failed > 0 ? 1 : 0);

function isThere(name) {
  return Object.entries(pinned[name].packages).every(([of, version]) => {
    const manifest = path.join(root, name, 'node_modules', of, 'package.json');
    return (
      existsSync(manifest) &&
      `${JSON.parse(readFileSync(manifest, 'utf8')).version}.`.startsWith(`${version}.`)
    );
  });
}

/** Beside its place, and renamed: what is there is whole. */
function install(name, what) {
  const place = path.join(root, name);
  const partial = `${place}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  writeFileSync(path.join(partial, 'package.json'), '{ "private": true }\n');
  console.log(`${name}: installing, some hundred megabytes`);
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--engine-strict=false', ...what];
  const { status } = spawnSync('npm', args, { cwd: partial, stdio: 'inherit' });
  if (status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    return false;
  }
  rmSync(place, { recursive: true, force: true });
  renameSync(partial, place);
  return true;
}

function link(name, programs) {
  const bin = path.join(root, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const program of programs) {
    const at = path.join(bin, program);
    rmSync(at, { force: true });
    const node22 = path.join(root, name, 'node_modules', 'node', 'bin', 'node');
    if (!existsSync(node22)) {
      symlinkSync(path.join('..', name, 'node_modules', '.bin', program), at);
      continue;
    }
    // It and what it starts need a newer node than this one.
    const modules = path.join(root, name, 'node_modules');
    const lines = [
      '#!/bin/sh',
      `PATH="${path.dirname(node22)}:${path.join(modules, '.bin')}:$PATH"`,
      `exec "${path.join(modules, '.bin', program)}" "$@"`,
    ];
    writeFileSync(at, `${lines.join('\n')}\n`, { mode: 0o755 });
  }
}
