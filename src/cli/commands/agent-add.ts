import type { Command } from 'commander';
import type { AgentSettings } from '../../agent/agent.ts';
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
}

type AgentAddArguments = [name: string, program: readonly string[], flags: AgentAddFlags];

/** `codeframe agent add NAME --driver model|command` */
export function agentAddCommand(run: RunWork): Command {
  return describe({
    name: 'agent add',
    summary: 'Add an agent to the project.',
    paragraph:
      'An agent of the driver `model` is a language model with tools, named PROVIDER:MODEL (anthropic, openai, google; ' +
      'with --base-url any OpenAI-compatible server), or recorded:FILE, which plays a recording. One of the driver ' +
      '`command` is a program of your own, given after --. Commands that a model wants to run and that no --allow ' +
      'covers become a question for you.',
    examples: [
      "codeframe agent add writer --driver model --model anthropic:claude-sonnet-4-5 --allow 'npm test*'",
      'codeframe agent add builder --driver command --role build -- make all',
    ],
    exits: projectExits,
  })
    .argument('<name>', "the agent's name")
    .argument('[program...]', 'after --: the program of a command agent and its arguments')
    .requiredOption('--driver <driver>', 'model or command', parseDriver)
    .option('--role <role>', 'what it is for')
    .option('--model <provider:model>', 'the model', (text) => parseModel(text, '--model'))
    .option('--base-url <url>', 'of an OpenAI-compatible server, such as Ollama or vLLM', (text) =>
      parseUrl(text, '--base-url'),
    )
    .option(
      '--allow <glob>',
      'a command line that it may run without asking; may be repeated',
      collect(single),
      [],
    )
    .option('--once', 'a command agent: ask before its program is started again after a cut')
    .action(
      run(async (session, ...added: AgentAddArguments) => {
        const agent = newAgent(...added);
        await using project = await session.open();
        const row = await project.addAgent(agent);
        session.out.show(row, () => [
          `Agent ${row.name} is in the project, driver ${row.driver}${row.role === '' ? '' : `, role ${row.role}`}.`,
          `Next: codeframe task add "TITLE" --agent ${row.name}`,
        ]);
      }),
    );
}

function single(text: string): readonly string[] {
  return [text];
}

function parseDriver(text: string): string {
  if (text === 'model' || text === 'command') return text;
  throw invalid('--driver', `\`${text}\` is neither model nor command`);
}

function newAgent(name: string, program: readonly string[], flags: AgentAddFlags): NewAgent {
  const settings = flags.driver === 'model' ? modelSettings(program, flags) : commandSettings(program, flags);
  return { name, driver: flags.driver, settings, ...(flags.role === undefined ? {} : { role: flags.role }) };
}

function modelSettings(program: readonly string[], flags: AgentAddFlags): AgentSettings {
  if (flags.model === undefined) throw invalid('--model', 'a model agent needs one, as PROVIDER:MODEL');
  if (program.length > 0) throw invalid('PROGRAM', 'a model agent has none');
  if (flags.once === true) throw invalid('--once', 'it is for command agents');
  const { model, baseUrl, allow } = flags;
  return { model, allow, ...(baseUrl === undefined ? {} : { baseUrl }) };
}

function commandSettings(program: readonly string[], flags: AgentAddFlags): AgentSettings {
  if (program.length === 0) throw invalid('PROGRAM', 'a command agent needs one, after --');
  if (flags.model !== undefined) throw invalid('--model', 'it is for model agents');
  if (flags.baseUrl !== undefined) throw invalid('--base-url', 'it is for model agents');
  if (flags.allow.length > 0) throw invalid('--allow', 'it is for model agents');
  return { command: program, ...(flags.once === true ? { once: true } : {}) };
}
