import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ToolResult } from '../../agent/tool.ts';
import { CappedOutput } from './capped-output.ts';
import { createRunCommandTool } from './run-command.ts';

let dir: string;
let cut: AbortController;
let kill: AbortController;

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'codeframe-command-')));
  cut = new AbortController();
  kill = new AbortController();
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const tool = createRunCommandTool({ ...process.env, ANTHROPIC_API_KEY: 'sk-x', GIT_DIR: '/x', KEPT: 'yes' });

function run(command: string, more: object = {}): Promise<ToolResult> {
  const context = {
    projectDir: dir,
    marker: 'p/ada/1',
    signal: cut.signal,
    kill: kill.signal,
    seen: () => null,
  };
  return tool.run({ command, ...more }, context);
}

async function until<T>(look: () => Promise<T | null> | T | null): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A number that a command wrote to a file. */
function pidIn(name: string): Promise<number> {
  return until(async () => {
    const text = await readFile(join(dir, name), 'utf8').catch(() => '');
    return /^\d+\n$/.test(text) ? Number(text) : null;
  });
}

/** A zombie counts as gone: nobody is left to reap it in some containers. */
function isGone(pid: number): Promise<true> {
  return until(async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const isAlive = process.platform === 'linux' ? stat !== '' && !/\) Z /.test(stat) : canSignal(pid);
    return isAlive ? null : true;
  });
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('run_command', () => {
  it('gives output and exit code, in the project directory', async () => {
    expect(await run('pwd; echo bad >&2')).toEqual({ text: `${dir}\nbad\n[exit code 0]`, isError: false });
    expect(await run('exit 3')).toEqual({ text: '[exit code 3]', isError: true });
    expect(await run('kill -9 $$')).toEqual({ text: '[ended by SIGKILL]', isError: true });
  });

  it('carries the marker, and no keys', async () => {
    const { text } = await run('echo "$CODEFRAME_AGENT,$ANTHROPIC_API_KEY,$GIT_DIR,$KEPT"');
    expect(text).toBe('p/ada/1,,,yes\n[exit code 0]');
  });

  it('has no input to wait for', async () => {
    expect((await run('cat; echo done')).text).toBe('done\n[exit code 0]');
  });

  it('ends what the command left in the background', async () => {
    expect((await run('sleep 300 & echo $! > pid; echo started')).text).toBe('started\n[exit code 0]');
    await isGone(await pidIn('pid'));
  });

  it('ends a command that takes too long, with its children', async () => {
    const { text, isError } = await run('sleep 300 & echo $! > pid; wait', { timeout_s: 1 });
    expect(isError).toBe(true);
    expect(text).toContain('without an exit');
    // On a machine that is busy it may not have come to that in its second.
    if (await readFile(join(dir, 'pid')).catch(() => null)) await isGone(await pidIn('pid'));
  });

  it('is cut by the signal, with its children', async () => {
    const running = run('sleep 300 & echo $! > pid; wait');
    const pid = await pidIn('pid');
    cut.abort(new Error('the grace is over'));
    await expect(running).rejects.toThrow('the grace is over');
    await isGone(pid);
  });

  it('is killed when it ignores SIGTERM', async () => {
    const running = run("trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done");
    const pid = await pidIn('pid');
    cut.abort(new Error('the grace is over'));
    kill.abort();
    await expect(running).rejects.toThrow('the grace is over');
    await isGone(pid);
  });

  it('starts nothing when it was cut before', async () => {
    cut.abort(new Error('the grace is over'));
    await expect(run('echo $$ > pid')).rejects.toThrow('the grace is over');
    await expect(readFile(join(dir, 'pid'))).rejects.toThrow('ENOENT');
  });

  it('names the line that has to be allowed', () => {
    expect(tool.commandLine?.({ command: 'npm test' })).toBe('npm test');
    expect(tool.commandLine?.({ command: 3 })).toBeNull();
    expect(tool.effect).toBe('unsafe');
  });

  it('refuses a wrong input', async () => {
    const context = { projectDir: dir, marker: 'm', signal: cut.signal, kill: kill.signal, seen: () => null };
    expect(await tool.run({ cmd: 'x' }, context)).toMatchObject({ isError: true });
    expect(await run('a\0b')).toMatchObject({ isError: true });
  });
});

describe('capped output', () => {
  it('keeps the beginning and the end', () => {
    const output = new CappedOutput({ headBytes: 3, tailBytes: 4 });
    for (const chunk of ['ab', 'cd', 'efghij', 'kl', 'mnopqrstuv', 'wxyz']) output.add(Buffer.from(chunk));
    expect(output.text()).toBe('abc\n[… 19 bytes left out …]\nwxyz');
  });

  it('leaves short output as it is, also when it spans both', () => {
    const output = new CappedOutput({ headBytes: 3, tailBytes: 4 });
    output.add(Buffer.from('abcde'));
    expect(output.text()).toBe('abcde');
  });
});
