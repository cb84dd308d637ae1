import { isAbsolute, join } from 'node:path';
import type { Command } from 'commander';
import { describe, type RunWork } from '../command.ts';

interface InitFlags {
  readonly name?: string;
}

/** `codeframe init [dir]` */
export function initCommand(run: RunWork): Command {
  return describe({
    name: 'init',
    summary: 'Make a directory a project.',
    paragraph:
      'Writes .codeframe/config.json into the directory and makes the place of its database and checkpoints outside ' +
      'of it, under $CODEFRAME_HOME (by default ~/.codeframe). A git repository is not required, and nothing in one is changed.',
    examples: ['codeframe init', 'codeframe init ~/shop --name shop'],
    exits: [4, 6, 7],
  })
    .argument('[dir]', 'the directory; the present one when left out')
    .option('--name <name>', "the project's name; the directory's when left out")
    .action(
      run(async (session, dir: string | undefined, flags: InitFlags) => {
        await using project = await session.create(within(session.dir, dir ?? '.'), flags.name);
        session.out.show(
          { id: project.id, name: project.name, dir: project.dir, dataDir: project.dataDir },
          () => [
            `${project.dir} is the project ${project.name} (${project.id}).`,
            `Its database and checkpoints are in ${project.dataDir}.`,
            'Next: codeframe agent add --help',
          ],
        );
      }),
    );
}

function within(base: string, dir: string): string {
  return isAbsolute(dir) ? dir : join(base, dir);
}
