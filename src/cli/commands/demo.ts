import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { DemoPorts } from '../../demo/demo.ts';
import { parseModel } from '../arguments.ts';
import { describe, type RunWork } from '../command.ts';

interface DemoFlags {
  readonly model?: string;
  readonly keep?: boolean;
}

/** `codeframe demo` */
export function demoCommand(run: RunWork): Command {
  return describe({
    name: 'demo',
    summary: "Show the whole loop on a clone of codeframe's own repository.",
    paragraph:
      'Runs two model agents on recorded models and a program at the same time, through real tools, pauses them in the ' +
      'middle of a step, wrecks the directory, restores it, compares every byte, resumes and lets them finish. It ' +
      'works in a temporary directory, and ends with 1 when a proof does not hold.',
    examples: ['codeframe demo', 'codeframe demo --model anthropic:claude-sonnet-4-5 --keep'],
    exits: [7, 8],
  })
    .option('--model <provider:model>', 'a real model in place of the recordings', (text) =>
      parseModel(text, '--model'),
    )
    .option('--keep', 'leave its directory for a look')
    .action(
      run(async (session, flags: DemoFlags) => {
        const { runDemo } = await import('../../demo/demo.ts');
        const say = (line: string): void => session.out.show({ line }, () => [line]);
        const createProject: DemoPorts['createProject'] = (dir, { name }) => session.create(dir, name);
        return (await runDemo({ createProject, say, packageDir }, flags)) ? 0 : 1;
      }),
    );
}

/** In the bundle, this file is in `dist/`, which is beside `bin/` and `demo/`. */
const packageDir = fileURLToPath(new URL('..', import.meta.url));
