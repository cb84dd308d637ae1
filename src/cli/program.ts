import { Command, CommanderError } from 'commander';
import { CodeframeError } from '../failure.ts';
import type { ExitCode } from '../exit-codes.ts';
import { CliSession, type GlobalOptions, type Surroundings } from './cli-session.ts';
import type { RunWork, Work } from './command.ts';
import { createProgram } from './command-tree.ts';
import { reportFailure } from './failure-report.ts';
import { Output } from './output.ts';
import { commandPath, usageFailure } from './usage-failure.ts';

/** Runs one command line and answers its exit code; everything that may go wrong is said on the streams. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const state: ProgramState = { exitCode: 0, session: null, surroundings };
  const program = createProgram(workRunner(state));
  onCrash((error) => reportAny(state, { args, program, error }));
  try {
    if (args.length === 0) program.help();
    await program.parseAsync(args, { from: 'user' });
    return state.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportAny(state, { args, program, error });
  }
}

/** What nobody waited for broke: the process cannot know what else is wrong, says it and ends. */
function onCrash(report: (error: unknown) => ExitCode): void {
  process.once('uncaughtException', (error) => process.exit(report(error)));
}

interface Failed {
  readonly args: readonly string[];
  readonly program: Command;
  readonly error: unknown;
}

function reportAny(state: ProgramState, { args, program, error }: Failed): ExitCode {
  const command = commandPath(program, args);
  return reportFailure(state.session?.out ?? earlyOutput(args, state.surroundings), {
    error: error instanceof CommanderError ? new CodeframeError(usageFailure(command, error)) : error,
    command,
    logDir: state.session?.logDir ?? null,
    redact: (text) => state.session?.redact(text) ?? text,
  });
}

interface ProgramState {
  exitCode: ExitCode;
  session: CliSession | null;
  readonly surroundings: Surroundings;
}

function workRunner(state: ProgramState): RunWork {
  return <Args extends readonly unknown[]>(work: Work<Args>) =>
    async (...args: Args) => {
      const command = args.at(-1);
      if (!(command instanceof Command)) throw new Error('commander calls an action with its command last');
      const globals = optionsOnTheLine(command);
      const session = new CliSession({
        globals,
        out: outputFor(globals, state.surroundings),
        streams: state.surroundings,
      });
      state.session = session;
      state.exitCode = (await work(session, ...args)) ?? 0;
    };
}

/** A global option counts wherever on the line it stands: before the command's name or after it. */
function optionsOnTheLine(command: Command | null): GlobalOptions {
  if (command === null) return {};
  const own = Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli');
  const values = own.map((name) => [name, command.getOptionValue(name) as unknown]);
  return { ...optionsOnTheLine(command.parent), ...(Object.fromEntries(values) as GlobalOptions) };
}

function outputFor(globals: GlobalOptions, { stdout, stderr, gone }: Surroundings): Output {
  return new Output({ stdout, stderr, gone, json: globals.json ?? false, color: globals.color ?? true });
}

/** For failures before the options were read. */
function earlyOutput(args: readonly string[], surroundings: Surroundings): Output {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  return outputFor({ json: own.includes('--json'), color: !own.includes('--no-color') }, surroundings);
}
