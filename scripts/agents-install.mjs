// Installs the coding agents that the tests drive, at pinned versions.  npm run agents:install -- [--within SECONDS] [NAME…]
//
// They are other people's programs, some of them proprietary: never a dependency, never in the repository. They go to
// $CODEFRAME_AGENTS_DIR, by default `codeframe/agents` in the user's cache, one folder each, their programs in `bin`.
// What is there at the pinned versions is left alone. What cannot be had or does not start on this machine gets a line
// in `NAME.why` and no program in `bin`: the tests then say that they do not run it, and why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const pinned = JSON.parse(readFileSync(new URL('../test/agents/pinned.json', import.meta.url), 'utf8'));
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const root = process.env.CODEFRAME_AGENTS_DIR || path.join(cache, 'codeframe', 'agents');
const bin = path.join(root, 'bin');
const { values, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { within: { type: 'string', default: '1800' } },
});
/** For all together: a registry that does not answer must not hold everything up. */
const deadline = Date.now() + Number(values.within) * 1000;
const unknown = asked.filter((name) => !(name in pinned));
if (unknown.length > 0) {
  console.error(`no such agent: ${unknown.join(', ')}; there are: ${Object.keys(pinned).join(', ')}`);
  process.exit(2);
}

let failed = 0;
mkdirSync(bin, { recursive: true });
for (const name of asked.length > 0 ? asked : Object.keys(pinned)) {
  const why = isThere(name) ? null : install(name);
  if (why === null) link(name);
  const problem = why ?? probe(name);
  tell(name, problem);
  if (problem !== null) failed += 1;
}
console.log(`They are in ${root}; their programs in ${bin}.`);
process.exit(failed > 0 ? 1 : 0);

function tell(name, problem) {
  const note = path.join(root, `${name}.why`);
  const { packages, adapter = {} } = pinned[name];
  if (problem === null) {
    rmSync(note, { force: true });
    console.log(`${name}: is there (${specs({ ...packages, ...adapter }).join(', ')})`);
    return;
  }
  for (const program of pinned[name].programs) rmSync(path.join(bin, program), { force: true });
  writeFileSync(note, `${problem}\n`);
  console.error(`${name}: ${problem}`);
}

function specs(packages) {
  return Object.entries(packages).map(([of, version]) => `${of}@${version}`);
}

/** An adapter lies apart, for it would bring another copy of its agent, of hundreds of megabytes. */
function placesOf(name) {
  const { packages, adapter } = pinned[name];
  const own = { dir: '.', packages, more: [] };
  return adapter === undefined
    ? [own]
    : [own, { dir: 'adapter', packages: adapter, more: ['--omit=optional'] }];
}

function isThere(name) {
  return placesOf(name).every(({ dir, packages }) =>
    Object.entries(packages).every(([of, version]) => {
      const manifest = path.join(root, name, dir, 'node_modules', of, 'package.json');
      return (
        existsSync(manifest) &&
        `${JSON.parse(readFileSync(manifest, 'utf8')).version}.`.startsWith(`${version}.`)
      );
    }),
  );
}

/** Beside its place, and renamed: what is there is whole. Answers why it could not be; null when it could. */
function install(name) {
  const place = path.join(root, name);
  const partial = `${place}.${process.pid}`;
  console.log(`${name}: installing, some hundred megabytes`);
  for (const { dir, packages, more } of placesOf(name)) {
    const why = npmInstall(path.join(partial, dir), packages, more);
    if (why === null) continue;
    rmSync(partial, { recursive: true, force: true });
    return `could not be installed: ${why}`;
  }
  rmSync(place, { recursive: true, force: true });
  renameSync(partial, place);
  return null;
}

function npmInstall(cwd, packages, more) {
  mkdirSync(cwd, { recursive: true });
  // Their binaries are put in place by scripts of their own, which a newer npm runs only when it is told to.
  const allowScripts = Object.fromEntries(Object.keys(packages).map((name) => [name, true]));
  writeFileSync(path.join(cwd, 'package.json'), `${JSON.stringify({ private: true, allowScripts })}\n`);
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--engine-strict=false'];
  const args = ['install', ...quiet, ...more, ...specs(packages)];
  const timeout = deadline - Date.now();
  if (timeout <= 0) return `the ${values.within} s for all of them are over`;
  const options = { cwd, encoding: 'utf8', maxBuffer: 2 ** 26, timeout, killSignal: 'SIGKILL' };
  const did = spawnSync('npm', args, options);
  return did.error?.code === 'ETIMEDOUT' ? `not within ${values.within} s` : whyNot(did);
}

/** The agent's own program tells its version. */
function probe(name) {
  const [program] = pinned[name].programs;
  if (program !== name) return null;
  const options = { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL', input: '' };
  const why = whyNot(spawnSync(path.join(bin, program), ['--version'], options));
  return why === null ? null : `is installed, and does not start here: ${why}`;
}

function whyNot({ status, signal, error, stderr }) {
  if (status === 0) return null;
  const said = (stderr ?? '')
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*/u, '').trim())
    .filter((line) => line !== '');
  return [
    error?.message ?? (signal ? `ended by ${signal}` : `exited with ${status}`),
    ...said.slice(0, 3),
  ].join('; ');
}

function link(name) {
  for (const program of pinned[name].programs) {
    const at = path.join(bin, program);
    rmSync(at, { force: true });
    const modules = modulesWith(name, program);
    const node22 = path.join(modules, 'node', 'bin', 'node');
    if (!existsSync(node22)) {
      symlinkSync(path.relative(bin, path.join(modules, '.bin', program)), at);
      continue;
    }
    // It and what it starts need a newer node than this one.
    const lines = [
      '#!/bin/sh',
      `PATH="${path.dirname(node22)}:${path.join(modules, '.bin')}:$PATH"`,
      `exec "${path.join(modules, '.bin', program)}" "$@"`,
    ];
    writeFileSync(at, `${lines.join('\n')}\n`, { mode: 0o755 });
  }
}

function modulesWith(name, program) {
  const all = placesOf(name).map(({ dir }) => path.join(root, name, dir, 'node_modules'));
  return all.find((modules) => existsSync(path.join(modules, '.bin', program))) ?? all[0];
}
