import { join } from 'node:path';
import { pino } from 'pino';
import type { Log } from '../../log.ts';
import { describeError } from './describe-error.ts';
import { readableLine } from './readable-line.ts';
import { openRotatingFile } from './rotating-file.ts';

export interface LogOptions {
  /** The project's `logs` directory; made with the first line. */
  readonly dir: string;
  /** Which command writes, e.g. `start`. */
  readonly name: string;
  /** Also prints each line to stderr, for people. */
  readonly verbose: boolean;
  /** Goes over every line before it leaves the process, e.g. to take secrets out. */
  readonly redact?: (line: string) => string;
  /** Where words for people go; the process's stderr unless a test says otherwise. */
  readonly print?: (text: string) => void;
}

export interface PinoLog extends Log {
  /** Where the lines go. */
  readonly path: string;
  /** May be called twice. Nothing has to be waited for: each line is written when it is logged. */
  close(): void;
}

const sizeBytesMax = 10 * 1024 * 1024;
const filesMax = 5;
const secretKeys = ['apiKey', 'api_key', 'authorization', 'Authorization', 'token', 'password', 'secret'];

/** The log of a process: one JSON object a line in `codeframe.log`, from DEBUG on. A log that cannot be written never stops the work. */
export function openLog({ dir, name, verbose, ...options }: LogOptions): PinoLog {
  const path = join(dir, 'codeframe.log');
  const print = options.print ?? ((text: string) => void process.stderr.write(text));
  const redact = options.redact ?? ((line: string) => line);
  const file = openRotatingFile({
    path,
    sizeBytesMax,
    filesMax,
    onProblem: (error) => print(`The log ${path} cannot be written: ${messageOf(error)}\n`),
  });
  const logger = pino(
    {
      level: 'debug',
      base: { name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: describeError, error: describeError, cause: describeError },
      redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    { write: (line) => writeLine(redact(line)) },
  );
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void =>
      logger[level](fields, message);
  return {
    path,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    close: () => file.close(),
  };

  function writeLine(line: string): void {
    file.write(line);
    if (verbose) print(readableLine(line));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
