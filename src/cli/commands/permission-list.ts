import type { Command } from 'commander';
import type { PermissionLine } from '../../runner/permission-handle.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { tellUnheeded } from '../permission-words.ts';
import { table } from '../table.ts';

/** `codeframe permission list` */
export function permissionListCommand(run: RunWork): Command {
  return describe({
    name: 'permission list',
    summary: 'List what agents may run, and what not.',
    paragraph:
      'Shows each rule with where it comes from: the config, an agent’s settings, or an answer of `always` or `never` to an ' +
      'agent’s question. A rule that denies wins over an answer, an answer over a rule that asks, that over one that allows; ' +
      'what no rule names is asked. In a rule `*` stands for any characters; one that allows lets no `;`, `&`, `|`, `$` or ' +
      'redirection through, but in `**`, which allows everything.',
    examples: ['codeframe permission list', 'codeframe permission list --json'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const lines = await project.permissions.list();
      await tellUnheeded(session.out, project);
      session.out.showEach(lines, () =>
        lines.length === 0
          ? ['There are no rules: agents ask before they run a command.']
          : table(
              ['', 'FROM', 'RULE'],
              lines.map((line) => [line.permission, source(line), line.rule]),
            ),
      );
    }),
  );
}

function source({ from, agent, inEffect }: PermissionLine): string {
  const whose = agent === null ? from : `agent ${agent}`;
  return inEffect ? whose : `${whose}, not confirmed`;
}
