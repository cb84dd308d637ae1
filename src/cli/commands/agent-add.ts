import type { Command } from 'commander';
import { driverNames, type AgentRow, type AgentSettings } from '../../agent/agent.ts';
import { unheededBy } from '../../agent/heeded-rules.ts';
import type { NewAgent } from '../../handle.ts';
import { invalid, parseModel, parseUrl } from '../arguments.ts';
import { collect, describe, projectExits, type RunWork } from '../command.ts';

interface AgentAddFlags {
  readonly driver: string;
  readonly role?: string;
  readonly model?: string;
  readonly baseUrl?: string;
  readonly allow: readonly string[];
  readonly once?: boolean;
  readonly bin?: string;
  readonly isolate?: boolean;
}

type AgentAddArguments = [name: string, program: readonly string[], flags: AgentAddFlags];

/** `codeframe agent add NAME --driver DRIVER` */
export function agentAddCommand(run: RunWork): Command {
  return describe({
    name: 'agent add',
    summary: 'Add an agent to the project.',
    paragraph:
      'An agent of the driver `model` is a language model with tools, named PROVIDER:MODEL (anthropic, openai, google; ' +
      'with --base-url any OpenAI-compatible server), or recorded:FILE, which plays a recording. One of the driver ' +
      '`command` is a program of your own, given after --. Agents that others wrote have drivers of their names ' +
      '(claude, codex, opencode, qwen, copilot, pi; experimental: cline, kilo, gemini; acp -- CMD: any other that speaks ' +
      'the Agent Client Protocol); they are found on PATH, keep their login, and send their model calls through ' +
      "codeframe's gateway. Commands that an agent wants to run and that no --allow covers become a question for you; " +
      "--allow '**' allows everything. With --isolate the agent works in a git worktree of its own, from the last commit; each " +
      'task that it has done is committed and merged into the branch that the project is on, and what cannot be merged ' +
      'becomes a question for you.',
    examples: [
      "codeframe agent add writer --driver model --model anthropic:claude-sonnet-4-5 --allow 'npm test*'",
      "codeframe agent add ada --driver claude --allow '**' --isolate",
    ],
    exits: projectExits,
  })
    .argument('<name>', "the agent's name")
    .argument('[program...]', 'after --: the program of a command or acp agent and its arguments')
    .requiredOption(
      '--driver <driver>',
      'model, command, or the name of an agent such as claude',
      parseDriver,
    )
    .option('--role <role>', 'what it is for')
    .option('--model <provider:model>', 'the model', (text) => parseModel(text, '--model'))
    .option(
      '--base-url <url>',
      "of a server of one's own that its calls go to, such as Ollama or vLLM",
      (text) => parseUrl(text, '--base-url'),
    )
    .option(
      '--allow <glob>',
      'a command line that it may run without asking; may be repeated',
      collect(single),
      [],
    )
    .option('--bin <path>', 'the program of an agent that is not found on PATH under its usual name')
    .option('--once', 'a command agent: ask before its program is started again after a cut')
    .option('--isolate', 'work in a git worktree of its own, and merge what is done')
    .action(
      run(async (session, ...added: AgentAddArguments) => {
        const agent = newAgent(...added);
        await using project = await session.open();
        const row = await project.addAgent(agent);
        session.out.show(row, () => [
          `Agent ${row.name} is in the project, driver ${row.driver}${row.role === '' ? '' : `, role ${row.role}`}.`,
          ...(row.settings.isolate === true
            ? ['It works in a git worktree of its own. What you have not committed is not in it.']
            : []),
          ...unheededLines(row),
          `Next: codeframe task add "TITLE" --agent ${row.name}`,
        ]);
      }),
    );
}

/** Of a program of one's own it goes without saying. */
function unheededLines({ driver }: AgentRow): readonly string[] {
  const why = driver === 'command' ? null : unheededBy(driver);
  return why === null ? [] : [`Mind: ${why}.`];
}

function single(text: string): readonly string[] {
  return [text];
}

function parseDriver(text: string): string {
  if (driverNames.includes(text)) return text;
  throw invalid('--driver', `there is no driver \`${text}\`; there are: ${driverNames.join(', ')}`);
}

function newAgent(name: string, program: readonly string[], flags: AgentAddFlags): NewAgent {
  const settings = { ...settingsOf(program, flags), ...(flags.isolate === true ? { isolate: true } : {}) };
  return { name, driver: flags.driver, settings, ...(flags.role === undefined ? {} : { role: flags.role }) };
}

function settingsOf(program: readonly string[], flags: AgentAddFlags): AgentSettings {
  if (flags.driver === 'model') return modelSettings(program, flags);
  if (flags.driver === 'command') return commandSettings(program, flags);
  return externalSettings(program, flags);
}

function modelSettings(program: readonly string[], flags: AgentAddFlags): AgentSettings {
  if (flags.model === undefined) throw invalid('--model', 'a model agent needs one, as PROVIDER:MODEL');
  if (program.length > 0) throw invalid('PROGRAM', 'a model agent has none');
  if (flags.once === true) throw invalid('--once', 'it is for command agents');
  if (flags.bin !== undefined) throw invalid('--bin', 'a model agent has no program');
  const { model, baseUrl, allow } = flags;
  return { model, allow, ...(baseUrl === undefined ? {} : { baseUrl }) };
}

function commandSettings(program: readonly string[], flags: AgentAddFlags): AgentSettings {
  if (program.length === 0) throw invalid('PROGRAM', 'a command agent needs one, after --');
  if (flags.model !== undefined) throw invalid('--model', 'it is for model agents');
  if (flags.baseUrl !== undefined) throw invalid('--base-url', 'it is for model agents');
  if (flags.bin !== undefined) throw invalid('--bin', 'a command agent has its program after --');
  if (flags.allow.length > 0) throw invalid('--allow', 'it is for model agents');
  return { command: program, ...(flags.once === true ? { once: true } : {}) };
}

function externalSettings(program: readonly string[], flags: AgentAddFlags): AgentSettings {
  const isOther = flags.driver === 'acp';
  if (isOther && program.length === 0)
    throw invalid('PROGRAM', 'the driver acp needs a program after -- that speaks the Agent Client Protocol');
  if (!isOther && program.length > 0)
    throw invalid('PROGRAM', `the driver ${flags.driver} finds its own; another one is named with --bin`);
  if (flags.once === true) throw invalid('--once', 'it is for command agents');
  const { model, baseUrl, bin, allow } = flags;
  return {
    allow,
    ...(isOther ? { command: program } : {}),
    ...(model === undefined ? {} : { model }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(bin === undefined ? {} : { bin }),
  };
}
