import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFailure, type Failure } from '../../failure.ts';
import { loadDriver, sqliteDriver } from './driver.ts';

describe('the SQLite driver', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codeframe-driver-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  /** A package in a directory of modules; its `new` runs `body`. */
  async function install(name: string, version: string, body = ''): Promise<void> {
    const home = join(dir, 'node_modules', name);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify({ name, version, main: 'index.js' }));
    const text = `module.exports = class { constructor() { ${body} } close() {} }; module.exports.is = '${name}';`;
    await writeFile(join(home, 'index.js'), text);
  }

  const load = (napi: number) => loadDriver({ napi, require: createRequire(join(dir, 'main.js')) });

  function refusal(napi: number): Failure {
    try {
      load(napi);
    } catch (error) {
      if (isFailure(error)) return error.failure;
      throw error;
    }
    throw new Error('it was loaded');
  }

  it('of this checkout loads', () => {
    const database = new (sqliteDriver())(':memory:');
    expect(database.prepare('SELECT 1').pluck().get()).toBe(1);
    database.close();
  });

  it('is the one that needs no compiler, where Node can run it', async () => {
    await install('better-sqlite3-napi', '13.2.0');
    await install('better-sqlite3', '12.11.1');
    expect(load(10)).toHaveProperty('is', 'better-sqlite3-napi');
    expect(load(9)).toHaveProperty('is', 'better-sqlite3');
  });

  it('is the compiled one when the other is not there or does not work', async () => {
    await install('better-sqlite3', '12.11.1');
    expect(load(10)).toHaveProperty('is', 'better-sqlite3');
    await install('better-sqlite3-napi', '13.2.0', 'throw new Error("no build for this machine")');
    expect(load(10)).toHaveProperty('is', 'better-sqlite3');
  });

  it('is never version 13 on an old Node, which it would crash', async () => {
    await install('better-sqlite3', '13.2.0', 'process.abort()');
    const failure = refusal(9);
    expect(failure).toMatchObject({ code: 'missing-module', module: 'better-sqlite3' });
    expect(failure).toHaveProperty('problem', expect.stringContaining('13.2.0 crashes on Node'));
  });

  it('that is not installed is named, with the command to run', () => {
    const failure = refusal(9);
    expect(failure).toMatchObject({
      code: 'missing-module',
      run: 'npm install better-sqlite3@12 --allow-scripts=better-sqlite3',
    });
    expect(failure).toHaveProperty('problem', expect.stringContaining("Cannot find module 'better-sqlite3"));
  });

  it('that was compiled for another Node is named, with the command to run', async () => {
    await install('better-sqlite3', '12.11.1', 'throw new Error("compiled against a different Node.js")');
    expect(refusal(9)).toEqual({
      code: 'missing-module',
      module: 'better-sqlite3',
      problem: 'compiled against a different Node.js',
      run: 'npm rebuild better-sqlite3 --allow-scripts=better-sqlite3',
    });
  });
});
