import { Command, CommanderError, Option, type Argument } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { CodeframeError } from '../failure.ts';
import { exitCodes, type ExitCode } from '../failure-words.ts';
import { CliSession, type GlobalOptions, type Surroundings } from './cli-session.ts';
import { exitLines, type RunWork, type Work } from './command.ts';
import { agentAddCommand } from './commands/agent-add.ts';
import { agentListCommand } from './commands/agent-list.ts';
import { blockerAnswerCommand } from './commands/blocker-answer.ts';
import { blockerListCommand } from './commands/blocker-list.ts';
import { checkpointCreateCommand } from './commands/checkpoint-create.ts';
import { checkpointDiffCommand } from './commands/checkpoint-diff.ts';
import { checkpointListCommand } from './commands/checkpoint-list.ts';
import { checkpointShowCommand } from './commands/checkpoint-show.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { initCommand } from './commands/init.ts';
import { pauseCommand } from './commands/pause.ts';
import { restoreCommand } from './commands/restore.ts';
import { resumeCommand } from './commands/resume.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { stopCommand } from './commands/stop.ts';
import { taskAddCommand } from './commands/task-add.ts';
import { taskCancelCommand } from './commands/task-cancel.ts';
import { taskListCommand } from './commands/task-list.ts';
import { taskRetryCommand } from './commands/task-retry.ts';
import { taskShowCommand } from './commands/task-show.ts';
import { undoCommand } from './commands/undo.ts';
import { reportFailure } from './failure-report.ts';
import { Output } from './output.ts';
import { usageFailure } from './usage-failure.ts';

/** Runs one command line and answers its exit code; everything that may go wrong is said on the streams. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const state: ProgramState = { exitCode: 0, session: null, surroundings };
  const program = createProgram(state);
  try {
    if (args.length === 0) program.help();
    await program.parseAsync(args, { from: 'user' });
    return state.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const out = state.session?.out ?? earlyOutput(args, surroundings);
    const failure =
      error instanceof CommanderError ? new CodeframeError(usageFailure(program, args, error)) : error;
    return reportFailure(out, failure, state.session?.logDir ?? null);
  }
}

interface ProgramState {
  exitCode: ExitCode;
  session: CliSession | null;
  readonly surroundings: Surroundings;
}

function createProgram(state: ProgramState): Command {
  const run = workRunner(state);
  const program = new Command('codeframe')
    .description(
      'Run a team of coding agents on a project, and stop at any moment without losing anything.\n\n' +
        'A pause brings every agent to a safe point and writes one checkpoint of code, tasks and memory; a resume goes ' +
        'on exactly there; a restore takes the project back to any checkpoint, and can be undone.',
    )
    .version(packageJson.version, '--version', 'print the version')
    .addHelpText('after', () => programTail());
  const groups: readonly (readonly [string, readonly Command[]])[] = [
    ['Set up:', [initCommand(run), agentGroup(run), taskGroup(run), demoCommand(run)]],
    ['Run:', [startCommand(run), pauseCommand(run), resumeCommand(run), stopCommand(run), blockerGroup(run)]],
    ['Look:', [statusCommand(run), eventsCommand(run), doctorCommand(run)]],
    ['Go back:', [checkpointGroup(run), restoreCommand(run), undoCommand(run)]],
  ];
  for (const [heading, commands] of groups)
    for (const command of commands) program.addCommand(command.helpGroup(heading));
  program.addHelpCommand(
    new Command('help').argument('[command]').description('Show the help of a command.').helpGroup('Look:'),
  );
  settle(program);
  return program;
}

function agentGroup(run: RunWork): Command {
  return group('agent', 'Add and list agents.', [agentAddCommand(run), agentListCommand(run)]);
}

function taskGroup(run: RunWork): Command {
  return group('task', 'Add, list, show, retry and cancel tasks.', [
    taskAddCommand(run),
    taskListCommand(run),
    taskShowCommand(run),
    taskRetryCommand(run),
    taskCancelCommand(run),
  ]);
}

function blockerGroup(run: RunWork): Command {
  return group('blocker', "List and answer the agents' questions.", [
    blockerListCommand(run),
    blockerAnswerCommand(run),
  ]);
}

function checkpointGroup(run: RunWork): Command {
  return group('checkpoint', 'Create, list, show and compare checkpoints.', [
    checkpointCreateCommand(run),
    checkpointListCommand(run),
    checkpointShowCommand(run),
    checkpointDiffCommand(run),
  ]);
}

function group(name: string, summary: string, commands: readonly Command[]): Command {
  const command = new Command(name).summary(summary).description(summary).helpCommand(false);
  for (const each of commands) command.addCommand(each);
  return command;
}

/** Gives every command the global options, and lets failures of parsing be thrown and not printed. */
function settle(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('Global options:'))
    .enablePositionalOptions()
    .configureHelp({
      helpWidth: Math.min(100, process.stdout.columns ?? 100),
      subcommandTerm: (each) => [each.name(), ...each.registeredArguments.map(argumentTerm)].join(' '),
      // Where a default is worth telling, the description tells it in words.
      optionDescription: (option) => option.description,
    });
  for (const option of globalOptions()) command.addOption(option);
  for (const each of command.commands) settle(each);
}

function argumentTerm(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return argument.required ? `<${name}>` : `[${name}]`;
}

function globalOptions(): readonly Option[] {
  const options = [
    new Option('-C <dir>', 'work on the project of this directory'),
    new Option('--json', 'print one JSON object a line, errors included'),
    new Option('--verbose', 'print the log to standard error as well'),
    new Option('--no-color', 'print no colours (NO_COLOR does the same)'),
  ];
  return options.map((option) => option.helpGroup('Global options:'));
}

function programTail(): string {
  return [
    '',
    'Examples:',
    '  codeframe init && codeframe agent add --help',
    '  codeframe pause --reason "going home" && codeframe status',
    '',
    'Exit codes, the same in every command:',
    ...exitLines(Object.keys(exitCodes).map(Number) as ExitCode[]),
  ].join('\n');
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
        stdin: state.surroundings.stdin,
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

function outputFor(globals: GlobalOptions, { stdout, stderr }: Surroundings): Output {
  return new Output({ stdout, stderr, json: globals.json ?? false, color: globals.color ?? true });
}

/** For failures before the options were read. */
function earlyOutput(args: readonly string[], surroundings: Surroundings): Output {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  return outputFor({ json: own.includes('--json'), color: !own.includes('--no-color') }, surroundings);
}
