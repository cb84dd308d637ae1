import path from 'node:path';
import { Chunks } from './chunks.ts';
import { CodeCache } from './code-cache.ts';

/** The commands that are groups: their second word names the command. */
export const groupNames: readonly string[] = [
  'agent',
  'task',
  'blocker',
  'permission',
  'checkpoint',
  'context',
];

/** Runs the program that was built into this directory. */
export function start(dist: string): void {
  const cache = CodeCache.open(dist, commandOf(process.argv.slice(2)));
  const chunks = new Chunks(dist, cache);
  process.once('exit', (code) => {
    if (code === 0) cache.save(chunks.loaded());
  });
  chunks.load(path.join(dist, 'cli.cjs'));
}

/** What stands for the command in the name of a file. */
function commandOf(args: readonly string[]): string {
  const [name = '', second = ''] = args.filter((arg) => /^[a-z][a-z-]{0,30}$/u.test(arg));
  return groupNames.includes(name) ? `${name}-${second}` : name;
}
