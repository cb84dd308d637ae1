import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { Tool, ToolContext, ToolResult } from '../../agent/tool.ts';
import { toolError } from '../../agent/tool.ts';
import { CappedOutput } from './capped-output.ts';

const TIMEOUT_S = 120;
const TIMEOUT_MAX_S = 1_800;
const GRACE_MS = 2_000;
/** A process that left the group may hold the pipe open for ever. */
const DRAIN_MS = 500;
const HEAD_BYTES = 8_000;
const TAIL_BYTES = 22_000;

const inputSchema = z.strictObject({
  command: z
    .string()
    .min(1)
    .refine((line) => !line.includes('\0'), 'has a NUL character in it')
    .describe('A line for sh, run in the project directory.'),
  timeout_s: z
    .number()
    .int()
    .min(1)
    .max(TIMEOUT_MAX_S)
    .optional()
    .describe(`Seconds after which it is ended; ${TIMEOUT_S} unless told.`),
});

/** Keys are the runner's: a program that an agent starts has no use for them. */
const SECRET_VARIABLES = /_API_KEY$|^CODEFRAME_AGENT$|^GIT_/;

/**
 * The tool that runs a command line in a process group of its own, which is gone when the tool is done: what a command
 * leaves in the background ends with it.
 */
export function createRunCommandTool(env: Readonly<Record<string, string | undefined>>): Tool {
  return {
    spec: {
      name: 'run_command',
      description:
        'Run a command line with sh in the project directory. Gives its output, what it printed in the middle left out when it is long, and its exit code. It has no terminal and no input; what it leaves in the background is ended.',
      inputSchema: bareSchema(),
    },
    effect: 'unsafe',
    describe(raw) {
      const parsed = inputSchema.safeParse(raw);
      return parsed.success ? parsed.data.command : 'with an input that does not fit';
    },
    commandLine(raw) {
      const parsed = inputSchema.safeParse(raw);
      return parsed.success ? parsed.data.command : null;
    },
    async run(raw, context) {
      context.signal.throwIfAborted();
      const parsed = inputSchema.safeParse(raw);
      if (!parsed.success) return toolError(`The input does not fit: ${z.prettifyError(parsed.error)}`);
      const { command, timeout_s = TIMEOUT_S } = parsed.data;
      return new RunningCommand(command, { env, context }).result(timeout_s * 1_000);
    },
  };
}

function bareSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _, ...bare } = z.toJSONSchema(inputSchema, { io: 'input' });
  return bare;
}

/** One command with its group. */
class RunningCommand {
  readonly #child: ChildProcess;
  readonly #context: ToolContext;
  readonly #output = new CappedOutput({ headBytes: HEAD_BYTES, tailBytes: TAIL_BYTES });
  #timedOut = false;
  #hardKill: NodeJS.Timeout | undefined;

  constructor(
    line: string,
    how: { readonly env: Readonly<Record<string, string | undefined>>; readonly context: ToolContext },
  ) {
    this.#context = how.context;
    this.#child = spawn('sh', ['-c', line], {
      cwd: how.context.projectDir,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: commandEnv(how.env, how.context.marker),
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#output.add(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#output.add(chunk));
  }

  async result(timeoutMs: number): Promise<ToolResult> {
    const { signal, kill } = this.#context;
    const timeout = setTimeout(() => {
      this.#timedOut = true;
      this.#terminate();
    }, timeoutMs);
    const terminate = (): void => this.#terminate();
    const killNow = (): void => this.#signalGroup('SIGKILL');
    signal.addEventListener('abort', terminate);
    kill.addEventListener('abort', killNow);
    try {
      const { code, by } = await this.#ended();
      signal.throwIfAborted();
      return this.#asResult({ code, by, timeoutMs });
    } finally {
      clearTimeout(timeout);
      clearTimeout(this.#hardKill);
      signal.removeEventListener('abort', terminate);
      kill.removeEventListener('abort', killNow);
    }
  }

  async #ended(): Promise<{ readonly code: number | null; readonly by: NodeJS.Signals | null }> {
    const drained: { timer?: NodeJS.Timeout } = {};
    const exited = once(this.#child, 'exit').then((args: unknown[]) => {
      this.#signalGroup('SIGKILL');
      drained.timer = setTimeout(() => this.#closePipes(), DRAIN_MS);
      return args as [number | null, NodeJS.Signals | null];
    });
    const [[code, by]] = await Promise.all([exited, once(this.#child, 'close')]);
    clearTimeout(drained.timer);
    return { code, by };
  }

  #closePipes(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #terminate(): void {
    this.#signalGroup('SIGTERM');
    this.#hardKill = setTimeout(() => this.#signalGroup('SIGKILL'), GRACE_MS);
  }

  /** The group outlives its leader, and keeps the number from being used again, while anyone is in it. */
  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone, or another user's by now (sudo): who looks for what is left says so.
      if (code !== 'ESRCH' && code !== 'EPERM') throw error;
    }
  }

  #asResult(ended: {
    readonly code: number | null;
    readonly by: NodeJS.Signals | null;
    readonly timeoutMs: number;
  }): ToolResult {
    const how = this.#timedOut
      ? `[ended after ${ended.timeoutMs / 1_000} s without an exit: give timeout_s for more]`
      : ended.code === null
        ? `[ended by ${ended.by ?? 'a signal'}]`
        : `[exit code ${ended.code}]`;
    const text = this.#output.text().trimEnd();
    return { text: text === '' ? how : `${text}\n${how}`, isError: ended.code !== 0 || this.#timedOut };
  }
}

function commandEnv(
  env: Readonly<Record<string, string | undefined>>,
  marker: string,
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !SECRET_VARIABLES.test(name));
  return { ...Object.fromEntries(kept), CODEFRAME_AGENT: marker };
}
