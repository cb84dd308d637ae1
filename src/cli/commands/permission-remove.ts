import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe permission remove RULE` */
export function permissionRemoveCommand(run: RunWork): Command {
  return describe({
    name: 'permission remove',
    summary: 'Forget an answer for good, or a confirmation.',
    paragraph:
      'Takes back an answer of `always` or `never`, named by its command line, or that a rule of the config was confirmed. ' +
      'Agents ask about it again, at once also where they are running. Rules of the config are changed in the config, those ' +
      'of an agent with the agent.',
    examples: ["codeframe permission remove 'npm publish'", "codeframe permission remove 'npm test*'"],
    exits: [...projectExits, 4],
  })
    .argument('<rule>', 'as `codeframe permission list` shows it')
    .action(
      run(async (session, rule: string) => {
        await using project = await session.open();
        project.permissions.remove(rule);
        session.out.show({ removed: rule }, () => [`Agents ask about ${rule} again.`]);
      }),
    );
}
