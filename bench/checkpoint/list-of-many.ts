import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { binPath } from '../../test/rig/cli.ts';
import { BenchProject, runProgram } from './bench-project.ts';
import { say, sayLimit, Times } from './figures.ts';

/** `checkpoint list` by the command line, with so many rows in the list: the start of node is in the figure. */
export async function measureList(count: number, rounds: number): Promise<void> {
  const project = await BenchProject.create(10);
  try {
    const env = { CODEFRAME_HOME: join(project.place, 'home') };
    const run = (...args: readonly string[]): string =>
      runProgram(process.execPath, [binPath, ...args], { cwd: project.root, env });
    run('init');
    run('checkpoint', 'create');
    const { project: made } = JSON.parse(run('--json', 'status')) as { project: { id: string } };
    await addRows(join(env.CODEFRAME_HOME, 'projects', made.id), count - 1);
    const [starts, text, json] = [new Times(), new Times(), new Times()];
    for (let round = 0; round <= rounds; round++) {
      await starts.add(() => spawnSync(process.execPath, ['-e', '0']));
      await text.add(() => run('checkpoint', 'list'));
      await json.add(() => run('--json', 'checkpoint', 'list'));
    }
    say('the start of node', `${starts.best.toFixed(0)} ms`);
    sayLimit(`checkpoint list, ${count} rows, by CLI`, { ours: text.best, unit: 'ms', goal: 300 });
    sayLimit(`the same with --json`, { ours: json.best, unit: 'ms', goal: 300 });
  } finally {
    await project.remove();
  }
}

/** More rows like the one that is there, older and older. */
async function addRows(dataDir: string, count: number): Promise<void> {
  const store = await openSqliteStore({
    path: join(dataDir, 'state.db'),
    backupsDir: join(dataDir, 'backups'),
  });
  await store.write(async (tx) => {
    const [row] = await tx.list('checkpoints');
    if (row === undefined) throw new Error('there is no checkpoint to make more of');
    const rows = Array.from({ length: count }, (_, n) => ({
      ...row,
      id: randomIds.next('checkpoint'),
      createdAt: row.createdAt - 60_000 * (n + 1),
      files: n,
    }));
    await tx.insertAll('checkpoints', rows);
  });
  await store.close();
}
