import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runShell } from '../rig/cli.ts';
import { ModelServer, wires } from '../rig/model-server.ts';
import { Scene } from '../rig/scene.ts';

const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const wire = wires.find(({ name }) => name === 'anthropic');

/** What the README says to type, but for the directory, which the test has its own of. */
const commands = readme
  .split('\n')
  .flatMap((line) => /^ {4}\$ (?<command>codeframe .*)$/u.exec(line)?.groups?.['command'] ?? []);

describe('the README', () => {
  test('its session works as written, with a model behind it that speaks the provider’s protocol', async () => {
    if (wire === undefined) throw new Error('the model server does not speak the protocol');
    await using server = await ModelServer.start([
      { calls: [{ tool: 'write_file', input: { path: 'parser.txt', content: 'accepts comments\n' } }] },
      { calls: [{ tool: 'finish_task', input: { summary: 'comments are accepted' } }] },
    ]);
    await using scene = await Scene.create();
    await scene.gitInit();
    await scene.write('notes.md', 'Comments start with #.\n');
    const script = 'while :; do date >> lint.txt; sleep 0.1; done';
    await scene.write('package.json', JSON.stringify({ scripts: { 'lint:watch': script } }));
    expect(commands.length).toBeGreaterThan(12);
    const env = { ANTHROPIC_API_KEY: 'dummy', ANTHROPIC_BASE_URL: server.url(wire) };
    for (const command of commands) {
      // What follows for ever is ended as a person would end it.
      const line = command.includes('--watch') ? `timeout -s INT 2 ${command}` : command;
      const { exitCode, stderr } = await runShell(line, { cwd: scene.dir, home: scene.home, env });
      const wanted = command.includes('--watch') ? [0, 124, 130] : [0];
      expect({ command, ok: wanted.includes(exitCode ?? -1), stderr }).toMatchObject({ command, ok: true });
      if (command.includes('start')) await scene.grown('parser.txt');
    }
    expect(server.refused).toEqual([]);
    expect(await scene.read('parser.txt')).toBe('accepts comments\n');
  });

  test('it names every command that the program has', async () => {
    await using scene = await Scene.create();
    const { stdout } = await scene.run('--help');
    const names = [...stdout.matchAll(/^ {2}(?<name>[a-z][a-z-]*)/gmu)].map(
      (match) => match.groups?.['name'] ?? '',
    );
    expect(names.length).toBeGreaterThan(10);
    expect(
      names.filter(
        (name) => name !== 'help' && !readme.includes(`\`${name}`) && !readme.includes(` ${name}`),
      ),
    ).toEqual([]);
  });
});
