import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseLines, Scene } from '../rig/scene.ts';

test.runIf(process.platform === 'linux')(
  'a lost database is not made anew while a process works with the old one',
  async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.ok('checkpoint', 'create');
    const [name = ''] = await readdir(path.join(scene.home, 'projects'));
    const database = path.join(scene.home, 'projects', name, 'state.db');
    const file = openSync(database, 'r+');
    const worker = spawn('sleep', ['600'], { stdio: ['ignore', file, 'ignore'] });
    closeSync(file);
    try {
      await rm(database);
      const { exitCode, stdout } = await scene.run('--json', 'doctor', '--repair');
      expect(exitCode).toBe(5);
      expect(parseLines(stdout)).toMatchObject([
        { level: 'problem', text: expect.stringContaining(`process ${worker.pid}`) as unknown },
      ]);
      expect(await readdir(path.dirname(database))).not.toContain('state.db');
    } finally {
      worker.kill('SIGKILL');
      await once(worker, 'close');
    }
    await scene.ok('doctor', '--repair');
    expect(await scene.ok('checkpoint', 'list')).toHaveLength(1);
  },
);
