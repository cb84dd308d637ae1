import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { bundleFixture } from '../rig/bundle.ts';

export interface StoreChild {
  readonly pid: number;
  /** The next line that it says; rejects, with what it wrote to stderr, when it ends before. */
  line(): Promise<string>;
  /** Lets a program that waits begin. */
  tell(): void;
  kill(signal: NodeJS.Signals): void;
  /** Lets go on a program that stops itself; waits until it has, for a SIGCONT before that is lost. */
  goOn(): Promise<void>;
  /** Resolves with the lines that nobody asked for, when it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; rest: readonly string[] }>;
}

/** Starts `store-program.ts` as a process of its own. */
export async function startStoreProgram(...parameters: readonly string[]): Promise<StoreChild> {
  const program = await bundleFixture(new URL('./store-program.ts', import.meta.url));
  const child = spawn(process.execPath, [program, ...parameters], { stdio: 'pipe' });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const next = async () => {
    const { value, done } = await lines.next();
    return done === true ? undefined : value;
  };
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const said = await next();
      if (said === undefined) throw new Error(`${parameters.join(' ')} ended: ${complaint}`);
      return said;
    },
    tell: () => child.stdin.end('go\n'),
    kill: (signal) => void child.kill(signal),
    goOn: async () => {
      while (!isStopped(child.pid ?? 0)) await setImmediate();
      child.kill('SIGCONT');
    },
    get ended() {
      return ending(next, closed);
    },
  };
}

function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

async function ending<T extends object>(next: () => Promise<string | undefined>, closed: Promise<T>) {
  const rest: string[] = [];
  for (let said = await next(); said !== undefined; said = await next()) rest.push(said);
  return { ...(await closed), rest };
}
