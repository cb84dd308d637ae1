import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cliEnvironment } from './cli.ts';
import { bundleFixture } from './bundle.ts';
import { parseLines, type Scene } from './scene.ts';

export interface Died {
  /** By SIGKILL; false: it came to its end. */
  readonly killed: boolean;
  /** What was acknowledged to it before. */
  readonly said: readonly Record<string, unknown>[];
}

/** When it is killed from outside: so long after it was acknowledged so many things. */
export interface KillMoment {
  readonly lines: number;
  readonly ms: number;
}

/** Runs `test/faults/fixtures/killed-program.ts` on a scene. */
export async function runKilled(scene: Scene, args: readonly string[], moment?: KillMoment): Promise<Died> {
  const script = await bundleFixture(new URL('../faults/fixtures/killed-program.ts', import.meta.url));
  const child = spawn(process.execPath, [script, scene.dir, ...args], {
    cwd: scene.dir,
    env: cliEnvironment({ cwd: scene.dir, home: scene.home }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (moment === undefined || out.split('\n').length <= moment.lines) return;
    timer ??= setTimeout(() => child.kill('SIGKILL'), moment.ms);
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the program failed: ${err}`);
  return { killed: signal === 'SIGKILL', said: parseLines(out.slice(0, out.lastIndexOf('\n') + 1)) };
}
