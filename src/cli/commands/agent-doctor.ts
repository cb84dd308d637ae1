import type { Command } from 'commander';
import type { AgentCheck, AgentReport } from '../../agent/agent-report.ts';
import type { AgentRow } from '../../agent/agent.ts';
import { isFailure } from '../../failure.ts';
import type { CliSession } from '../cli-session.ts';
import { describe, type RunWork } from '../command.ts';
import type { Line, Style } from '../output.ts';

/** `codeframe agent doctor [NAME]` */
export function agentDoctorCommand(run: RunWork): Command {
  return describe({
    name: 'agent doctor',
    summary: 'Check the agents that others wrote: Claude Code, Codex, opencode and others.',
    paragraph:
      'Says for each agent of the project, and for each other one that codeframe knows: whether it is found, its ' +
      "version, whether it is signed in, whether its calls go through codeframe's gateway, and whether a new process " +
      'can go on with its session; and what to do if not. The last two are tried on a recorded model, in a temporary ' +
      'directory: nothing is spent. NAME is that of an agent or of a driver. Works outside of a project too. Ends with ' +
      '7 when an agent of the project, or the one that was named, cannot work.',
    examples: ['codeframe agent doctor', 'codeframe agent doctor claude'],
    exits: [5, 7],
  })
    .argument('[name]', 'an agent of the project, or a driver such as claude')
    .action(
      run(async (session, name: string | undefined) => {
        const { examineAgents } = await import('../../main.ts');
        const agents = await agentsOf(session);
        const before = (title: string): void => session.out.note(`Looking at ${title} …`);
        let isUnfit = false;
        for await (const report of examineAgents({ agents, name: name ?? null, before })) {
          session.out.show(report, () => reportLines(report));
          const matters = report.agent !== null || name !== undefined;
          isUnfit ||=
            matters && report.checks.some(({ level }) => level === 'problem' || level === 'missing');
        }
        return isUnfit ? 7 : 0;
      }),
    );
}

/** None outside of a project. */
async function agentsOf(session: CliSession): Promise<readonly AgentRow[]> {
  try {
    await using project = await session.open();
    return await project.agents();
  } catch (error) {
    if (isFailure(error, 'not-a-project')) return [];
    throw error;
  }
}

const styles: Readonly<Record<AgentCheck['level'], Style>> = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
  missing: 'dim',
};

function reportLines(report: AgentReport): readonly Line[] {
  const name = report.agent === null ? report.title : `${report.agent} (${report.title})`;
  const experimental =
    report.experimental === null ? [] : [`         Experimental: ${report.experimental}.` as Line];
  return [name, ...report.checks.flatMap(checkLines), ...(report.program === null ? [] : experimental)];
}

function checkLines({ name, level, text, hint }: AgentCheck): readonly Line[] {
  const line: Line = [{ text: `  ${level.padEnd(7)}`, style: styles[level] }, `  ${name}: ${text}`];
  return hint === null ? [line] : [line, `           ${hint}`];
}
