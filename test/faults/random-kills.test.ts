import { describe, expect, test } from 'vitest';
import { runKilled } from '../rig/killed-program.ts';
import { seededRandom } from '../rig/random.ts';
import { Scene } from '../rig/scene.ts';
import { expectSound, readDatabase } from '../rig/sound.ts';
import { seed } from '../rig/same-everywhere.ts';

const kills = Number(process.env['CODEFRAME_KILLS'] ?? 200);

describe(`${kills} kills at random moments, seed ${seed}`, () => {
  test('nothing acknowledged is lost, no history is illegal, nothing is repeated without being flagged', async () => {
    const random = seededRandom(seed);
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addRecorded('ann', manyTurns(40 * kills), '--allow', '**');
    await scene.addProgram('bob', 'while :; do echo x >> bob.txt; sleep 0.02; done\n');
    await scene.ok('agent', 'add', 'quick', '--driver', 'command', '--', 'true');
    const acknowledged = { tasks: new Set<number>(), checkpoints: new Set<string>() };
    let killed = 0;
    while (killed < kills) {
      const moment = { lines: 1 + Math.floor(random() * 4), ms: Math.floor(random() * 150) };
      const died = await runKilled(scene, ['work', '0'], moment);
      if (died.killed) killed += 1;
      for (const line of died.said) {
        if (typeof line['task'] === 'number') acknowledged.tasks.add(line['task']);
        if (typeof line['checkpoint'] === 'string') acknowledged.checkpoints.add(line['checkpoint']);
      }
      const { tasks, checkpoints } = await readDatabase(scene);
      expect([...acknowledged.tasks].filter((id) => !tasks.includes(id))).toEqual([]);
      expect([...acknowledged.checkpoints].filter((id) => !checkpoints.includes(id))).toEqual([]);
    }
    await scene.ok('pause');
    await expectSound(scene);
    const interrupted = (await readDatabase(scene)).steps.filter(({ status }) => status === 'interrupted');
    expect(interrupted.length).toBeGreaterThan(0);
    console.log(
      `seed ${seed}: ${killed} kills; ${acknowledged.tasks.size} tasks and ${acknowledged.checkpoints.size} ` +
        `checkpoints acknowledged, 0 lost; ${interrupted.length} steps interrupted, all told`,
    );
    // Two seconds a kill on two idle cores; machines that are at other work take five times as long.
  }, 1_800_000);
});

/** Effects that can be counted, each once, between steps that may be repeated. */
function manyTurns(
  count: number,
): readonly { readonly calls: readonly { tool: string; input: unknown }[] }[] {
  return Array.from({ length: count }, (_, turn) => ({
    calls: [
      turn % 2 === 0
        ? {
            tool: 'run_command',
            input: { command: `echo effect-${turn} >> ../effects.log; sleep 0.0${turn % 7}` },
          }
        : { tool: 'write_file', input: { path: `file-${turn % 11}.txt`, content: `turn ${turn}\n` } },
    ],
  }));
}
