import { Command, Option, type Argument } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { exitLines, type RunWork } from './command.ts';
import { agentAddCommand } from './commands/agent-add.ts';
import { agentDoctorCommand } from './commands/agent-doctor.ts';
import { agentListCommand } from './commands/agent-list.ts';
import { agentMergeCommand } from './commands/agent-merge.ts';
import { auditCommand } from './commands/audit.ts';
import { blockerAnswerCommand } from './commands/blocker-answer.ts';
import { blockerListCommand } from './commands/blocker-list.ts';
import { checkpointDeleteCommand } from './commands/checkpoint-delete.ts';
import { checkpointPinCommand } from './commands/checkpoint-pin.ts';
import { checkpointUndeleteCommand } from './commands/checkpoint-undelete.ts';
import { checkpointUnpinCommand } from './commands/checkpoint-unpin.ts';
import { cleanupCheckpointsCommand } from './commands/cleanup-checkpoints.ts';
import { diskCommand } from './commands/disk.ts';
import { checkpointCreateCommand } from './commands/checkpoint-create.ts';
import { checkpointDiffCommand } from './commands/checkpoint-diff.ts';
import { checkpointExportCommand } from './commands/checkpoint-export.ts';
import { checkpointImportCommand } from './commands/checkpoint-import.ts';
import { checkpointListCommand } from './commands/checkpoint-list.ts';
import { checkpointPullCommand } from './commands/checkpoint-pull.ts';
import { checkpointPushCommand } from './commands/checkpoint-push.ts';
import { checkpointShowCommand } from './commands/checkpoint-show.ts';
import { contextExplainCommand } from './commands/context-explain.ts';
import { contextFlashSaveCommand } from './commands/context-flash-save.ts';
import { contextListCommand } from './commands/context-list.ts';
import { contextPinCommand } from './commands/context-pin.ts';
import { contextRecallCommand } from './commands/context-recall.ts';
import { contextShowCommand } from './commands/context-show.ts';
import { contextStatsCommand } from './commands/context-stats.ts';
import { contextUnpinCommand } from './commands/context-unpin.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { initCommand } from './commands/init.ts';
import { mcpCommand } from './commands/mcp.ts';
import { pauseCommand } from './commands/pause.ts';
import { permissionConfirmCommand } from './commands/permission-confirm.ts';
import { permissionListCommand } from './commands/permission-list.ts';
import { permissionRemoveCommand } from './commands/permission-remove.ts';
import { redoCommand } from './commands/redo.ts';
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
import { verifyCommand } from './commands/verify.ts';

/** All commands, each with its help and the global options; `run` does their work. */
export function createProgram(run: RunWork): Command {
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
    [
      'Run:',
      [
        startCommand(run),
        pauseCommand(run),
        resumeCommand(run),
        stopCommand(run),
        blockerGroup(run),
        permissionGroup(run),
      ],
    ],
    [
      'Look:',
      [
        statusCommand(run),
        eventsCommand(run),
        contextGroup(run),
        doctorCommand(run),
        mcpCommand(run),
        verifyCommand(run),
        diskCommand(run),
        auditCommand(run),
      ],
    ],
    [
      'Go back:',
      [
        checkpointGroup(run),
        restoreCommand(run),
        undoCommand(run),
        redoCommand(run),
        cleanupCheckpointsCommand(run),
      ],
    ],
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
  return group('agent', 'Add, list, merge and check agents.', [
    agentAddCommand(run),
    agentListCommand(run),
    agentMergeCommand(run),
    agentDoctorCommand(run),
  ]);
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

function permissionGroup(run: RunWork): Command {
  return group('permission', 'List, confirm and forget what agents may run.', [
    permissionListCommand(run),
    permissionConfirmCommand(run),
    permissionRemoveCommand(run),
  ]);
}

function checkpointGroup(run: RunWork): Command {
  return group('checkpoint', 'Create, list, show, compare, pin, delete and move checkpoints.', [
    checkpointCreateCommand(run),
    checkpointListCommand(run),
    checkpointShowCommand(run),
    checkpointDiffCommand(run),
    checkpointPinCommand(run),
    checkpointUnpinCommand(run),
    checkpointDeleteCommand(run),
    checkpointUndeleteCommand(run),
    checkpointExportCommand(run),
    checkpointImportCommand(run),
    checkpointPushCommand(run),
    checkpointPullCommand(run),
  ]);
}

function contextGroup(run: RunWork): Command {
  return group('context', "Look at the agents' memory, archive it and recall it.", [
    contextStatsCommand(run),
    contextListCommand(run),
    contextShowCommand(run),
    contextExplainCommand(run),
    contextPinCommand(run),
    contextUnpinCommand(run),
    contextRecallCommand(run),
    contextFlashSaveCommand(run),
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
