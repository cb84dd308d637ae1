import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Scene } from '../rig/scene.ts';
import { dataOf, type Pause } from './agent-scene.ts';

const execute = promisify(execFile);

/** Prints what was measured of an agent: for docs/agents.md, where no test looks at it. */
export function printFigures(driver: string, words: string): void {
  process.stdout.write(`figures of ${driver}: ${words}\n`);
}

/** How large the session files of ada are in a checkpoint, in bytes. */
export async function sessionBytes(scene: Scene, { checkpointId }: Pause): Promise<number> {
  const store = path.join(await dataOf(scene), 'store.git');
  const listing = ['ls-tree', '-r', '--long', `refs/checkpoints/${checkpointId}`];
  const { stdout } = await execute('git', ['--git-dir', store, ...listing, 'context/ada/home/']);
  return [...stdout.matchAll(/^\d+ blob \w+ +(\d+)\t/gmu)].reduce((sum, [, size]) => sum + Number(size), 0);
}
