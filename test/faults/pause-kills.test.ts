import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { cliEnvironment } from '../rig/cli.ts';
import { bundleFixture } from '../rig/bundle.ts';
import { expectSound } from '../rig/sound.ts';
import { parseLines, Scene, until } from '../rig/scene.ts';

const program = new URL('./fixtures/killed-program.ts', import.meta.url);

/** Each command leaves a line outside the project, so that no restore takes it back: an effect that can be counted. */
function effect(name: string, seconds: number): object {
  return { tool: 'run_command', input: { command: `echo ${name} >> ../effects.log; sleep ${seconds}` } };
}

async function workers(scene: Scene): Promise<void> {
  await scene.ok('init');
  await scene.addRecorded(
    'ann',
    [
      { calls: [{ tool: 'write_file', input: { path: 'one.txt', content: 'one\n' } }] },
      { calls: [effect('ann-1', 5) as never] },
      { calls: [effect('ann-2', 0) as never] },
      { calls: [{ tool: 'finish_task', input: { summary: 'done' } }] },
    ],
    '--allow',
    '**',
  );
  await scene.addProgram(
    'bob',
    'if [ -n "$CODEFRAME_INTERRUPTED" ]; then echo again >> bob.txt; exit 0; fi\nwhile :; do echo x >> bob.txt; sleep 0.05; done\n',
  );
}

interface Died {
  readonly killed: boolean;
  readonly said: readonly Record<string, unknown>[];
}

async function runKilled(scene: Scene, ...args: readonly string[]): Promise<Died> {
  const script = await bundleFixture(program);
  const child = spawn(process.execPath, [script, scene.dir, ...args], {
    cwd: scene.dir,
    env: cliEnvironment({ cwd: scene.dir, home: scene.home }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the program failed: ${err}`);
  return { killed: signal === 'SIGKILL', said: parseLines(out) };
}

describe('kill -9 at every step of a pause', () => {
  test('status tells the truth, and pause and resume work afterwards', async () => {
    let steps = 0;
    for (let at = 1; ; at += 1) {
      await using scene = await Scene.create();
      await workers(scene);
      const died = await runKilled(scene, 'pause', String(at));
      await expectQuiet(scene);
      const { status, owner } = await scene.status();
      expect(owner).toBeNull();
      expect(['interrupted', 'pausing', 'paused']).toContain(status);
      if (!died.killed) expect(status).toBe('paused');
      const pause = await scene.one('pause');
      if (!died.killed) expect(died.said[0]).toMatchObject({ pause });
      expect((await scene.status())['status']).toBe('paused');
      await scene.ok('resume');
      expect((await scene.status())['status']).toBe('completed');
      await expectSound(scene);
      steps = at;
      if (!died.killed) break;
    }
    expect(steps).toBeGreaterThan(10);
  }, 600_000);
});

describe('kill -9 at every step of a restore', () => {
  test('the tree is the old one or the new one, rows agree, and pause, resume and restore work afterwards', async () => {
    await using scene = await Scene.create();
    await workers(scene);
    const first = String((await scene.one('checkpoint', 'create', '--name', 'first'))['id']);
    for (let at = 1; ; at += 1) {
      await scene.write('one.txt', `changed ${at}\n`);
      await scene.write(`new-${at}.txt`, 'new\n');
      await scene.ok('task', 'add', `another ${at}`);
      const tasks = (await scene.ok('task', 'list')).length;
      const died = await runKilled(scene, 'restore', String(at), first);
      await scene.ok('pause');
      const restored = (await scene.ok('task', 'list')).length === 2;
      const isBack = await scene.read('one.txt').then(
        () => false,
        () => true,
      );
      expect(isBack).toBe(restored);
      if (!restored) expect(await scene.ok('task', 'list')).toHaveLength(tasks);
      if (!died.killed) expect(restored).toBe(true);
      await scene.ok('restore', first, '--yes');
      await expect(scene.read('one.txt')).rejects.toThrow('ENOENT');
      await expectSound(scene);
      if (!died.killed) break;
    }
  }, 600_000);
});

/** Nothing of the agents is left a moment after their runner died. */
async function expectQuiet(scene: Scene): Promise<void> {
  await until('the agents’ processes to be gone', async () => {
    const findings = await scene.ok('doctor');
    return !findings.some(({ text }) => String(text).includes('runs without an owner'));
  });
}
