import { describe, expect, test } from 'vitest';
import { ModelServer, wires, type Misbehaviour } from '../rig/model-server.ts';
import { Scene } from '../rig/scene.ts';

const wire = wires.find(({ name }) => name === 'anthropic');

/** A project whose only agent talks to a provider that misbehaves at its first calls. */
async function work(misbehave: (request: number) => Misbehaviour | null): Promise<{
  readonly exitCode: number | null;
  readonly task: Record<string, unknown>;
  readonly text: string;
}> {
  if (wire === undefined) throw new Error('the model server does not speak the protocol');
  await using server = await ModelServer.start([
    { calls: [{ tool: 'finish_task', input: { summary: 'done' } }] },
  ]);
  server.misbehave = misbehave;
  await using scene = await Scene.create();
  scene.env['ANTHROPIC_API_KEY'] = 'dummy';
  await scene.ok('init');
  const model = ['--model', 'anthropic:claude-sonnet-4-5', '--base-url', server.url(wire)];
  await scene.ok('agent', 'add', 'ann', '--driver', 'model', ...model);
  await scene.ok('task', 'add', 'something');
  const { exitCode, stdout, stderr } = await scene.run('start');
  const [task = {}] = await scene.ok('task', 'list');
  return { exitCode, task, text: stdout + stderr };
}

describe('a model that misbehaves', () => {
  test('a key that is refused fails the task with words and what to do, and nothing is retried', async () => {
    let requests = 0;
    const { exitCode, task, text } = await work(() => {
      requests += 1;
      return { kind: 'status', status: 401 };
    });
    expect(exitCode).toBe(9);
    expect(task).toMatchObject({ status: 'failed' });
    expect(text).toContain('401');
    expect(text).toContain('codeframe task retry 1');
    expect(requests).toBe(1);
  });

  test('429 with retry-after, 529 and 500 are waited out, and the wait is told', async () => {
    const { exitCode, task, text } = await work((request) => {
      if (request === 1) return { kind: 'status', status: 429, headers: { 'retry-after-ms': '50' } };
      if (request === 2) return { kind: 'status', status: 529, headers: { 'retry-after-ms': '50' } };
      return request === 3 ? { kind: 'status', status: 500, headers: { 'retry-after-ms': '50' } } : null;
    });
    expect(text).toContain('429');
    expect(task).toMatchObject({ status: 'done' });
    expect(exitCode).toBe(0);
  });

  test('a missing key is told before anything starts', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.ok('agent', 'add', 'ann', '--driver', 'model', '--model', 'anthropic:claude-sonnet-4-5');
    await scene.ok('task', 'add', 'something');
    expect(await scene.refused('start')).toMatchObject({ code: 'missing-key', exitCode: 7 });
    expect((await scene.status())['status']).toBe('created');
  });
});
