import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { DemoPorts } from '../../demo/demo.ts';
import { externalDrivers } from '../../agent/agent.ts';
import { invalid, parseModel } from '../arguments.ts';
import { describe, type RunWork } from '../command.ts';
import { onInterrupt } from '../interrupt.ts';

interface DemoFlags {
  readonly model?: string;
  readonly keep?: boolean;
  readonly agent?: string;
  readonly real?: boolean;
}

/** `codeframe demo` */
export function demoCommand(run: RunWork): Command {
  return describe({
    name: 'demo',
    summary: "Show the whole loop on a clone of codeframe's own repository.",
    paragraph:
      'Runs two model agents on recorded models and a program at the same time, through real tools, pauses them in the ' +
      'middle of a step, wrecks the directory, restores it, compares every byte, resumes and lets them finish. It ' +
      'works in a temporary directory, and ends with 1 when a proof does not hold. With --agent an agent that others ' +
      'wrote works beside them, its calls sent through the gateway to a recorded model, so that it needs no key.',
    examples: ['codeframe demo --model anthropic:claude-sonnet-4-5 --keep', 'codeframe demo --agent claude'],
    exits: [7, 8],
  })
    .option('--model <provider:model>', 'a real model in place of the recordings', (text) =>
      parseModel(text, '--model'),
    )
    .option('--agent <driver>', 'an agent that others wrote: claude, codex, opencode …', parseAgent)
    .option('--real', 'with --agent: it calls its real provider, which costs money')
    .option('--keep', 'leave its directory for a look')
    .action(
      run(async (session, flags: DemoFlags) => {
        if (flags.real === true && flags.agent === undefined)
          throw invalid('--real', 'it is for an agent that --agent names');
        const { openRecordedTurns: openRecorded, needAgent } = await import('../../main.ts');
        if (flags.agent !== undefined) await needAgent(flags.agent, 'guest');
        const { runDemo } = await import('../../demo/demo.ts');
        const say = (line: string): void => session.out.show({ line }, () => [line]);
        const createProject: DemoPorts['createProject'] = (dir, { name }) => session.create(dir, name);
        using temporary = removedOnInterrupt();
        const ports: DemoPorts = { createProject, say, packageDir, openRecorded, temporary: temporary.keep };
        if (!(await runDemo(ports, flags))) return 1;
        if (flags.model === undefined) say(realModelWords());
        return 0;
      }),
    );
}

/** Ctrl-C ends the demo at once: its agents' processes are killed by the reaper, and its directory is taken away. */
function removedOnInterrupt(): Disposable & { readonly keep: (dir: string) => void } {
  let made: string | undefined;
  const listening = onInterrupt(() => {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
    process.exit(130);
  });
  return {
    keep: (dir) => {
      made = dir;
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}

const keys = [
  ['ANTHROPIC_API_KEY', 'anthropic:claude-sonnet-4-5'],
  ['OPENAI_API_KEY', 'openai:gpt-5'],
  ['GEMINI_API_KEY', 'google:gemini-2.5-pro'],
] as const;

function parseAgent(text: string): string {
  const known = externalDrivers.filter((name) => name !== 'acp');
  if (known.some((name) => name === text)) return text;
  throw invalid('--agent', `there is no such agent; there are: ${known.join(', ')}`);
}

/** Money is spent only when it is asked for. */
function realModelWords(): string {
  const [, model] = keys.find(([name]) => (process.env[name] ?? '') !== '') ?? [];
  return model === undefined
    ? 'The models were recordings. With a key in the environment: codeframe demo --model PROVIDER:MODEL'
    : `The models were recordings. The same with a real one: codeframe demo --model ${model}`;
}

/** In the bundle, this file is in `dist/`, which is beside `bin/` and `demo/`. */
const packageDir = fileURLToPath(new URL('..', import.meta.url));
