import { expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { PlanServer } from '../rig/plan-server.ts';
import {
  addPlanned,
  agentProcesses,
  effects,
  emptyScene,
  expectLegal,
  pause,
  stopOf,
  untilSeen,
} from './agent-scene.ts';
import { installedOf } from './installed.ts';

const found = installedOf(['pi', 'codex', 'claude', 'opencode']).map(({ name }) => name);

/**
 * A tool that ignores SIGTERM, with a child that left its group and its parent, and writes for ever. An agent that has
 * waited long enough for it tries again while the others are still to begin, and waits then until the pause is over.
 */
function stubborn(name: string): string {
  const child = `trap "" TERM HUP INT; while :; do echo x >> ticks-${name}.txt; sleep 0.05; done`;
  return (
    `if [ -e begun-${name} ]; then while ! [ -e paused ]; do sleep 0.1; done; echo step 1 is done; else trap '' TERM HUP INT; ` +
    `(setsid sh -c '${child}' >/dev/null 2>&1 </dev/null &); ` +
    `echo effect-1 >> effects-${name}.txt; echo x > begun-${name}; while :; do sleep 0.1; done; fi`
  );
}

function commandOf(name: string): (step: number) => string {
  return (step) =>
    step === 1 ? stubborn(name) : `echo effect-${step} >> effects-${name}.txt && echo step ${step} is done`;
}

test.runIf(found.length > 0)(
  `a pause of ${found.join(', ')} during tools that ignore SIGTERM and fork twice leaves no process and no change`,
  async () => {
    const servers = new Map<string, PlanServer>();
    await using _closing = { [Symbol.asyncDispose]: () => closeAll(servers) };
    await using scene = await emptyScene();
    for (const driver of found) {
      const server = await PlanServer.start({ steps: 3, command: commandOf(driver), end: 'Done.' });
      servers.set(driver, server);
      await addPlanned(scene, { name: driver, driver, server });
    }
    await scene.ok('start', '--detach');
    for (const file of found.flatMap((driver) => [`ticks-${driver}.txt`, `begun-${driver}`]))
      await untilSeen(file, async () => (await effects(scene, file)).length > 0);
    const paused = await pause(scene, '--grace', '100ms');
    const before = await readAllFiles(scene.dir);
    expect(await agentProcesses(scene)).toEqual([]);
    for (const driver of found) expect([driver, stopOf(paused, driver)]).toEqual([driver, 'cut']);
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
    await scene.write('paused', '');
    await scene.ok('resume');
    for (const [driver, server] of servers) {
      expect(await effects(scene, `effects-${driver}.txt`)).toEqual(['effect-0', 'effect-1', 'effect-2']);
      expectLegal(server);
    }
  },
);

async function closeAll(servers: ReadonlyMap<string, PlanServer>): Promise<void> {
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
}
