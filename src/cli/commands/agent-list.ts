import type { Command } from 'commander';
import type { AgentRow } from '../../agent/agent.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { table } from '../table.ts';

/** `codeframe agent list` */
export function agentListCommand(run: RunWork): Command {
  return describe({
    name: 'agent list',
    summary: 'List the agents of the project.',
    paragraph:
      'Shows each agent with what runs it and how many steps it has made. `codeframe status` shows what they are doing.',
    examples: ['codeframe agent list', 'codeframe agent list --json'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const agents = await project.agents();
      session.out.showEach(agents, () =>
        agents.length === 0
          ? ['There are no agents yet: `codeframe agent add --help` shows how to add one.']
          : table(
              ['NAME', 'ROLE', 'DRIVER', 'RUNS', 'STEPS'],
              agents.map((agent) => [
                agent.name,
                agent.role,
                agent.driver,
                whatItRuns(agent) + (agent.settings.isolate === true ? ' (in a worktree)' : ''),
                String(agent.stepCount),
              ]),
            ),
      );
    }),
  );
}

/** The model, a recording said as such, or the program. */
function whatItRuns({ settings }: AgentRow): string {
  const { model, command } = settings;
  if (model?.startsWith('recorded:')) return `recorded model (${model.slice('recorded:'.length)})`;
  return model ?? command?.join(' ') ?? '';
}
