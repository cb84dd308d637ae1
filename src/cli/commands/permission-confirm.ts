import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { ruleWords } from '../permission-words.ts';
import { countWords } from '../quantity-words.ts';

/** `codeframe permission confirm` */
export function permissionConfirmCommand(run: RunWork): Command {
  return describe({
    name: 'permission confirm',
    summary: 'Let what the config and imported agents allow count on this machine.',
    paragraph:
      'What `settings.allow` of .codeframe/config.json allows counts only when somebody on this machine has confirmed it, ' +
      'for the file may come with a repository; so does what an agent may run that came with an import or a pull. A rule ' +
      'that is added later is to be confirmed again.',
    examples: ['codeframe permission list', 'codeframe permission confirm'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const rules = await project.permissions.confirm();
      session.out.show({ confirmed: rules }, () =>
        rules.length === 0
          ? ['There is nothing to confirm.']
          : [
              `Confirmed ${countWords(rules.length, 'rule')}: agents no longer ask about`,
              ...rules.map((rule) => `  ${ruleWords(rule)}`),
            ],
      );
    }),
  );
}
