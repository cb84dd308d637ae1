import { Command } from 'commander';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { CliSession } from './cli-session.ts';

/** How a command is told to people. */
export interface CommandWords {
  /** `checkpoint create`: the last word is the command's own name. */
  readonly name: string;
  /** An imperative first line. */
  readonly summary: string;
  readonly paragraph: string;
  readonly examples: readonly [string, string];
  /** The codes that it can end with, next to those of every command. */
  readonly exits: readonly ExitCode[];
}

/** Does the command's work; answers the exit code, nothing for 0. */
export type Work<Args extends readonly unknown[]> = (
  session: CliSession,
  ...args: Args
) => Promise<ExitCode | void>;

/** Runs a command's work: opens a session, turns what is thrown into words and an exit code. */
export type RunWork = <Args extends readonly unknown[]>(work: Work<Args>) => (...args: Args) => Promise<void>;

/** Makes the command with its help: first line, paragraph, examples, exit codes. */
export function describe(words: CommandWords): Command {
  const name = words.name.split(' ').at(-1) ?? words.name;
  return new Command(name)
    .summary(words.summary)
    .description(`${words.summary}\n\n${words.paragraph}`)
    .addHelpText('after', () => helpTail(words));
}

function helpTail(words: CommandWords): string {
  const examples = words.examples.map((example) => `  ${example}`);
  return ['', 'Examples:', ...examples, '', 'Exit codes:', ...exitLines([0, 1, 2, ...words.exits])].join(
    '\n',
  );
}

/** The table of exit codes, as help shows it. */
export function exitLines(codes: readonly ExitCode[]): readonly string[] {
  const sorted = [...new Set(codes)].sort((a, b) => a - b);
  return sorted.map((code) => `  ${String(code).padEnd(3)}  ${exitCodes[code]}`);
}

/** What every command that opens a project can end with. */
export const projectExits: readonly ExitCode[] = [3, 5, 6, 7];

/** For options that may be given several times. */
export function collect<T>(
  parse: (text: string) => readonly T[],
): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => [...before, ...parse(text)];
}
