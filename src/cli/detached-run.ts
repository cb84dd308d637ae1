import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectHandle, RunSummary } from '../handle.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { CliSession } from './cli-session.ts';
import { eventWords } from './event-words.ts';
import type { RunFlags, RunVerb } from './foreground-run.ts';
import type { Output } from './output.ts';
import { tellPermissions } from './permission-words.ts';
import { summaryLines } from './run-words.ts';

/** Starts the runner as a process of its own and answers once it runs, or with its end when it ended before. */
export async function runDetached(session: CliSession, verb: RunVerb, flags: RunFlags): Promise<ExitCode> {
  await using project = await session.open();
  const { lastSeq } = await project.status();
  await tellPermissions(session.out, project);
  const file = runnerFile(project);
  const child = spawnRunner({
    file,
    args: runnerArgs(session, project, { verb, allow: flags.allow }),
    dir: project.dir,
  });
  const end = await runningOrEnded(project, child);
  await tellRecovered(session.out, project, lastSeq);
  if (end !== null) return reportEnd(session.out, project, { ...file, exitCode: end });
  child.unref();
  session.out.show({ pid: child.pid, status: 'running', output: file.path }, () => [
    `${project.name} is running, pid ${child.pid}.`,
    'Follow it with `codeframe events --follow`; `codeframe pause` pauses it.',
  ]);
  return 0;
}

/** What the runner put right before it began; its own words go into a file that nobody looks at. */
async function tellRecovered(out: Output, project: ProjectHandle, afterSeq: number): Promise<void> {
  for await (const event of project.events({ afterSeq })) {
    if (event.type === 'restore-recovered') out.note(eventWords(event));
  }
}

interface RunnerFile {
  readonly path: string;
  /** Where the output of this run begins: the file keeps that of the runs before. */
  readonly from: number;
}

/** A run prints a line or two, unless it is told to be verbose. */
const outputBytesMax = 1024 * 1024;

function runnerFile(project: ProjectHandle): RunnerFile {
  const logs = join(project.dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const path = join(logs, 'runner.out');
  const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes <= outputBytesMax) return { path, from: sizeBytes };
  // A runner that writes to it goes on writing to the same file under its new name.
  renameSync(path, `${path}.1`);
  return { path, from: 0 };
}

function runnerArgs(
  session: CliSession,
  project: ProjectHandle,
  { verb, allow }: { readonly verb: RunVerb; readonly allow: readonly string[] },
): readonly string[] {
  const verbose = session.verbose ? ['--verbose'] : [];
  return [
    verb,
    '--json',
    '--no-progress',
    '-C',
    project.dir,
    ...verbose,
    ...allow.flatMap((glob) => ['--allow', glob]),
  ];
}

function spawnRunner({
  file,
  args,
  dir,
}: {
  file: RunnerFile;
  args: readonly string[];
  dir: string;
}): ChildProcess {
  const output = openSync(file.path, 'a', 0o600);
  const program = [...process.execArgv, process.argv[1] ?? 'codeframe', ...args];
  const child = spawn(process.execPath, program, {
    cwd: dir,
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return child;
}

/** Null when the child owns the running project; its exit code when it ended. */
async function runningOrEnded(project: ProjectHandle, child: ChildProcess): Promise<number | null> {
  const controller = new AbortController();
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  }).finally(() => controller.abort());
  const running = untilRunning(project, child.pid, controller.signal);
  try {
    return await Promise.race([ended, running.then((runs) => (runs ? null : ended))]);
  } finally {
    controller.abort();
  }
}

async function untilRunning(
  project: ProjectHandle,
  pid: number | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const change = project.changed(signal);
    const { owner, status } = await project.status();
    if (owner?.pid === pid && status === 'running') return true;
    await change;
  }
  return false;
}

interface RunnerEnd extends RunnerFile {
  readonly exitCode: number;
}

interface RunnerLine {
  readonly error?: { readonly message: string; readonly hint: string };
  readonly summary?: RunSummary;
}

/** Says what the runner said at its end, and ends as it ended. */
async function reportEnd(out: Output, project: ProjectHandle, end: RunnerEnd): Promise<ExitCode> {
  const last = lastLine(end);
  if (last.summary !== undefined) {
    const lines = await summaryLines(project, last.summary);
    out.show({ summary: last.summary }, () => lines);
  } else {
    const message = last.error?.message ?? `the runner ended with ${end.exitCode} and said nothing`;
    const hint = last.error?.hint ?? `Its output is in ${end.path}.`;
    const error = { code: 'runner-ended', message, hint, exitCode: end.exitCode, ...last.error };
    out.tell({ error }, () => [[{ text: 'error: ', style: 'red' }, message], hint]);
  }
  return end.exitCode as ExitCode;
}

function lastLine({ path, from }: RunnerFile): RunnerLine {
  const text = readFileSync(path).subarray(from).toString();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('{"error"') || line.startsWith('{"summary"'));
  return JSON.parse(lines.at(-1) ?? '{}') as RunnerLine;
}
