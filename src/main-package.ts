import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

interface OwnPackage {
  readonly dir: string;
  readonly version: string;
}

/** The package that this file is part of, bundled or not. */
export const ownPackage: OwnPackage = findOwnPackage(fileURLToPath(import.meta.url));

/** The command line of codeframe itself, for programs that start it. */
export const ownCommand: readonly string[] = [
  process.execPath,
  path.join(ownPackage.dir, 'bin', 'codeframe'),
];

function findOwnPackage(from: string): OwnPackage {
  for (let dir = path.dirname(from); ; dir = path.dirname(dir)) {
    const manifest = readManifest(path.join(dir, 'package.json'));
    if (manifest?.name === 'codeframe') return { dir, version: manifest.version };
    if (dir === path.dirname(dir)) throw new Error('the package codeframe does not hold its own program');
  }
}

function readManifest(file: string): { readonly name: string; readonly version: string } | undefined {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string };
}
