import { Option, type Command } from 'commander';
import { CodeframeError } from '../../failure.ts';
import { describe, type RunWork } from '../command.ts';

/** `codeframe mcp --url URL` */
export function mcpCommand(run: RunWork): Command {
  return describe({
    name: 'mcp',
    summary: 'Give an agent its codeframe tools over standard input and output.',
    paragraph:
      'Passes MCP between an agent that can only start a program and the tools that codeframe serves it on HTTP (recall, ' +
      'remember, checkpoint, ask_human, task_done). codeframe gives agents this command by itself, with the address of ' +
      'the run; it is of no use without a run. Ends when its input ends.',
    examples: [
      'codeframe mcp --url http://127.0.0.1:41234/SECRET/mcp',
      'claude mcp add codeframe -- codeframe mcp --url http://127.0.0.1:41234/SECRET/mcp',
    ],
    exits: [],
  })
    .addOption(new Option('--url <url>', 'where the tools are').makeOptionMandatory())
    .action(
      run(async (_session, options: { readonly url: string }) => {
        const url = parseUrl(options.url);
        const { bridgeMcp } = await import('../../main.ts');
        await bridgeMcp(url, { input: process.stdin, output: process.stdout });
      }),
    );
}

function parseUrl(given: string): URL {
  if (URL.canParse(given) && /^https?:/.test(given)) return new URL(given);
  throw new CodeframeError({
    code: 'invalid-argument',
    argument: '--url',
    problem: 'it is no address of HTTP',
  });
}
