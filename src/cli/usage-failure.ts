import type { Command, CommanderError } from 'commander';
import type { Failure } from '../failure.ts';

/** What commander found wrong with a command line, as a failure with words of our own. */
export function usageFailure(path: string, error: CommanderError): Failure {
  const help = `Run \`${path} --help\` to see what it takes.`;
  // Asked for the help of a group by giving no command: commander has shown the help then, and not said what is missing.
  if (error.code === 'commander.help')
    return { code: 'wrong-usage', problem: `\`${path}\` needs a command`, hint: help };
  const [first = '', ...rest] = error.message.split('\n');
  const suggestion = /Did you mean (.*)\?/.exec(rest.join(' '))?.[1];
  return {
    code: 'wrong-usage',
    problem: sentence(first.replace(/^error: /, '')),
    hint: suggestion === undefined ? help : `Did you mean ${suggestion}? ${help}`,
  };
}

/** As far as the words on the line name commands: `codeframe agent add`. */
export function commandPath(program: Command, args: readonly string[]): string {
  const path = [program.name()];
  let command = program;
  for (const arg of args) {
    const next = command.commands.find((candidate) => candidate.name() === arg);
    if (next === undefined) continue;
    path.push(arg);
    command = next;
  }
  return path.join(' ');
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
