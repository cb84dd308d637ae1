import type Database from 'better-sqlite3';
import { createRequire } from 'node:module';
import { CodeframeError } from '../../failure.ts';

export type SqliteDriver = typeof Database;

/** What decides which build of the driver can be loaded; tests give one of their own. */
export interface DriverRuntime {
  /** `process.versions.napi`. */
  readonly napi: number;
  readonly require: (name: string) => unknown;
}

const napiOfVersion13 = 10;
let loaded: SqliteDriver | undefined;

/** The SQLite driver that works on this Node. Throws `missing-module` when none does. */
export function sqliteDriver(): SqliteDriver {
  loaded ??= loadDriver({
    napi: Number(process.versions['napi'] ?? 0),
    require: createRequire(import.meta.url),
  });
  return loaded;
}

/** Version 13 needs no compiler, so it comes first where it runs; it crashes the process where it does not. */
export function loadDriver(runtime: DriverRuntime): SqliteDriver {
  const names =
    runtime.napi >= napiOfVersion13 ? ['better-sqlite3-napi', 'better-sqlite3'] : ['better-sqlite3'];
  const problems: unknown[] = [];
  for (const name of names) {
    try {
      return tryDriver(name, runtime);
    } catch (error) {
      problems.push(error);
    }
  }
  throw noDriver(problems);
}

function tryDriver(name: string, runtime: DriverRuntime): SqliteDriver {
  const { version } = runtime.require(`${name}/package.json`) as { version: string };
  if (Number.parseInt(version, 10) >= 13 && runtime.napi < napiOfVersion13)
    throw new Error(`${name} ${version} crashes on Node ${process.versions.node}; version 12 is needed`);
  const driver = runtime.require(name) as SqliteDriver;
  // The native part is only loaded here.
  new driver(':memory:').close();
  return driver;
}

function noDriver(problems: readonly unknown[]): CodeframeError {
  const last = problems.at(-1);
  const notInstalled = last instanceof Error && 'code' in last && last.code === 'MODULE_NOT_FOUND';
  const verb = notInstalled ? 'install better-sqlite3@12' : 'rebuild better-sqlite3';
  return new CodeframeError(
    {
      code: 'missing-module',
      module: 'better-sqlite3',
      problem: problems.map(firstLine).join('; '),
      run: `npm ${verb} --allow-scripts=better-sqlite3`,
    },
    { cause: last },
  );
}

function firstLine(problem: unknown): string {
  return String(problem instanceof Error ? problem.message : problem).split('\n')[0] ?? '';
}
