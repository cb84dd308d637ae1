// Completes package-lock.json after `npm install --package-lock-only`.  node scripts/complete-lock.mjs
//
// npm leaves optional packages out of the lock that the registry at hand does not serve (builds for other systems), and
// then its own `npm ci` calls the lock incomplete. Such a build has its parent's exact version, and its name says for
// which system it is, so that every other system skips it.
import { readFileSync, writeFileSync } from 'node:fs';

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
];

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const added = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (
      place === '' ||
      `node_modules/${name}` in lock.packages ||
      `${place}/node_modules/${name}` in lock.packages
    )
      continue;
    const parts = name.split(/[/-]/u);
    const os = systems.filter((system) => parts.includes(system));
    const cpu = processors.filter((processor) => parts.includes(processor)).slice(0, 1);
    if (os.length === 0 && !cpu.includes('wasm32'))
      throw new Error(`${name} does not say for which system it is`);
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: cpu.length === 0 ? parts.filter((part) => part.startsWith('armv') || part === 'eabi') : cpu,
      ...(parts.includes('musl') ? { libc: ['musl'] } : {}),
      ...(parts.includes('gnu') ? { libc: ['glibc'] } : {}),
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...(os.length === 0 ? {} : { os }),
    };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log(`added ${added.length}: ${added.join(', ')}`);
