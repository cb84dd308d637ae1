import { CodeframeError, type Failure } from '../failure.ts';
import type { ExitCode } from '../exit-codes.ts';
import { failureWords } from '../failure-words.ts';
import { mapTexts } from '../secret/secrets.ts';
import type { Output } from './output.ts';

export interface Reported {
  readonly error: unknown;
  /** The command that failed, e.g. `codeframe task add`. */
  readonly command: string;
  readonly logDir: string | null;
  /** Takes the project's secrets out: what is said may go into a file, and into a ticket. */
  readonly redact: (text: string) => string;
}

/** Says what went wrong and answers the exit code. */
export function reportFailure(out: Output, reported: Reported): ExitCode {
  const { error, redact } = reported;
  const failure = error instanceof CodeframeError ? error.failure : machineFailure(error);
  if (failure === null) return reportBug(out, reported);
  return reportExpected(out, mapTexts(failure, redact) as Failure, reported.command);
}

function reportExpected(out: Output, failure: Failure, command: string): ExitCode {
  const words = failureWords(failure);
  const { message, exitCode } = words;
  const hint =
    failure.code === 'invalid-argument' ? `Run \`${command} --help\` to see what it takes.` : words.hint;
  const { code, ...data } = failure;
  out.tell({ error: { code, message, hint, exitCode, ...data } }, () => [
    [{ text: 'error: ', style: 'red' }, message],
    hint,
  ]);
  return exitCode;
}

function reportBug(out: Output, { error, logDir, redact }: Reported): ExitCode {
  const stack = redact(error instanceof Error ? stackOf(error) : String(error));
  const message = redact(error instanceof Error ? error.message : String(error));
  const hint =
    logDir === null
      ? 'This is a bug in codeframe. Please report it with the stack above.'
      : `This is a bug in codeframe. Please report it with the stack above; the log is in ${logDir}.`;
  out.tell({ error: { code: 'bug', message, hint, exitCode: 1, stack, logDir } }, () => [
    [{ text: 'error: ', style: 'red' }, message],
    ...stack.split('\n'),
    hint,
  ]);
  return 1;
}

function stackOf(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

/** What the operating system refuses is no bug, wherever it was not named on its way up. */
function machineFailure(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null;
  const { code, path, syscall = 'access' } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return { code: 'no-space', path: path ?? 'the data directory' };
  if (path === undefined) return null;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return { code: 'no-permission', path, doing: syscall };
  if (code === 'EIO') return { code: 'input-output', path, doing: syscall, problem: error.message };
  return null;
}
