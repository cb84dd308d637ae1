import { describe, expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { stateOf } from '../rig/processes.ts';
import { Scene, until } from '../rig/scene.ts';

interface Owner {
  readonly pid: number;
}

describe('an owner that stands still', () => {
  test('is taken over by a pause after its lease ran out, and neither it nor its agents write afterwards', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addProgram('ann', 'while :; do echo x >> ann.txt; sleep 0.02; done\n');
    await scene.addRecorded(
      'bob',
      Array.from({ length: 500 }, (_, turn) => ({
        calls: [{ tool: 'write_file', input: { path: `bob-${turn}.txt`, content: 'x\n' } }],
        delayMs: 20,
      })),
    );
    await scene.ok('start', '--detach');
    await scene.grown('ann.txt', 5);
    await scene.grown('bob-3.txt');
    const { pid } = (await scene.status())['owner'] as Owner;
    const pause = await pauseBehind(scene, pid);
    expect(pause).toMatchObject({ success: true });
    const before = await readAllFiles(scene.dir);
    await until('the stopped owner to be gone', () => Promise.resolve([null, 'Z'].includes(stateOf(pid))));
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
    expect((await scene.status())['status']).toBe('paused');
    const taken = (await scene.ok('events')).filter(({ type }) => type === 'lease-taken').at(-1);
    expect(taken?.['data']).toMatchObject({ from: 'expired' });
  }, 600_000);
});

/** Stops the owner, and pauses. One that was stopped inside a write transaction blocks every writer: then once more. */
async function pauseBehind(scene: Scene, pid: number): Promise<unknown> {
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    const { exitCode, stdout } = await scene.run('--json', 'pause', '--grace', '100ms');
    if (exitCode !== 5 || !stdout.includes('database-busy')) return JSON.parse(stdout);
    process.kill(pid, 'SIGCONT');
  }
}
