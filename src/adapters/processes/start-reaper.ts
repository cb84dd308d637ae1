import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reaper, StartReaper } from '../../agent/processes.ts';
import type { Log } from '../../log.ts';
import { goodbye } from './goodbye.ts';

export interface ReaperOptions {
  /** The bundled reaper.ts. */
  readonly script: string;
  readonly log?: Log;
}

const restartsMax = 5;
const restartMs = 500;
const goodbyeMs = 2000;
/** It only reads /proc: what V8 would take by default is four times this. */
const nodeOptions = ['--max-old-space-size=32', '--max-semi-space-size=1', '--single-threaded-gc'];

/**
 * Starts reapers. One is a node process in a session of its own at the other end of a pipe, which the kernel closes
 * when this process ends, by kill -9 too. One that is killed itself is started again.
 */
export function createStartReaper({ script, log }: ReaperOptions): StartReaper {
  return ({ scope, ownerId }) => {
    let child = start();
    let restarts = 0;
    let stopped: Promise<void> | null = null;
    watch();
    return { stop: () => (stopped ??= end(child)) } satisfies Reaper;

    function start(): ChildProcess {
      const { PATH, LD_LIBRARY_PATH } = process.env;
      const reaper = spawn(process.execPath, [...nodeOptions, script, scope, ownerId], {
        cwd: '/',
        detached: true,
        // Above all without the marker and without NODE_OPTIONS.
        env: { PATH, LD_LIBRARY_PATH },
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      // It guards this process; it does not keep it.
      reaper.unref();
      (reaper.stdin as Socket | null)?.unref();
      reaper.stdin?.on('error', () => {
        // It is gone: `exit` says so, and starts another.
      });
      return reaper;
    }

    function watch(): void {
      const again = (problem: string): void => {
        if (stopped !== null) return;
        if (restarts++ >= restartsMax) log?.error({ problem }, 'the reaper does not stay alive');
        else setTimeout(() => stopped === null && ((child = start()), watch()), restartMs).unref();
      };
      child.once('exit', (code, signal) => again(`ended with ${signal ?? code}`));
      child.once('error', (error) => again(error.message));
    }
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = once(child, 'exit');
  const enough = new AbortController();
  child.stdin?.end(goodbye);
  const late = sleep(goodbyeMs, null, { signal: enough.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await gone;
  enough.abort();
  await late;
}
