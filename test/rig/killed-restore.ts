import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { bundleFixture } from './bundle.ts';
import { openRestoreBench, type RestoreBench } from './restore-bench.ts';

export interface RanRestore {
  /** By SIGKILL; false: it came to its end. */
  readonly killed: boolean;
  /** The names of its steps, as far as it came. */
  readonly steps: readonly string[];
}

/** `test/faults/fixtures/killed-restore.ts`, ready to be run again and again. */
export async function killedRestore(): Promise<(args: readonly string[]) => Promise<RanRestore>> {
  const script = await bundleFixture(new URL('../faults/fixtures/killed-restore.ts', import.meta.url));
  return (args) => runKilled(script, args);
}

/** The bench of restores on a store that outlives its process. */
export async function withStoredBench<T>(
  directory: string,
  work: (bench: RestoreBench) => Promise<T>,
): Promise<T> {
  await mkdir(join(directory, 'data'), { recursive: true });
  const store = await openSqliteStore({
    path: join(directory, 'data/state.db'),
    backupsDir: join(directory, 'data/backups'),
  });
  const bench = await openRestoreBench(directory, store);
  try {
    return await work(bench);
  } finally {
    await bench.ports.checkpoints.close();
    await store.close();
  }
}

/** In the place of what is there; modes, times and hard links as they are, which the copying of node:fs does not keep. */
export function cloneDirectory(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
}

/** The step that commits: the last write but one, as after it comes how long it took. */
export function commitOf(steps: readonly string[]): number {
  return steps.lastIndexOf('written', steps.lastIndexOf('written') - 1);
}

async function runKilled(script: string, args: readonly string[]): Promise<RanRestore> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let problem = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (problem += bytes.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the program failed: ${problem}`);
  return { killed: signal === 'SIGKILL', steps: said.split('\n').slice(0, -1) };
}
