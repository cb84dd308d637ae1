import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { plantSecrets, type Planted } from '../rig/planted-secrets.ts';
import { Scene, type Turn } from '../rig/scene.ts';

describe('X1: no secret is left in what is stored', () => {
  test('more than 80 planted secrets of 40 kinds, wherever they come in, are in no byte of what is stored', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    const planted = plantSecrets(1);
    expect(planted.length).toBeGreaterThanOrEqual(80);
    expect(new Set(planted.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(40);
    const variables = await plantEnvironment(scene);
    await scene.ok('init');
    await plantFiles(scene, planted);
    await hireModel(scene, planted);
    await hireProgram(scene, planted);
    await hireFailing(scene, planted);
    const start = await scene.run('--json', 'start');
    expect([0, 9]).toContain(start.exitCode);
    await answerAll(scene, planted);
    await scene.run('--json', 'resume');
    await scene.ok('checkpoint', 'create', '--reason', lineOf(planted, 'github-classic'));
    const pause = await scene.one('pause', '--reason', lineOf(planted, 'jwt'));
    expect(pause).toMatchObject({ success: true });
    const { manifest } = await scene.one('checkpoint', 'show', String(pause['checkpointId']));
    const reasons = (manifest as { uncovered: readonly { reason: string }[] }).uncovered.map(
      ({ reason }) => reason,
    );
    expect(reasons.filter((reason) => reason === 'secret').length).toBeGreaterThanOrEqual(2 * planted.length);
    expect(JSON.stringify(await scene.ok('events'))).toContain('[secret:');

    const wanted = [...planted.map(({ kind, value }) => ({ kind, value })), ...variables];
    expect(await left(scene, wanted)).toEqual([]);
    expect(await scene.one('audit')).toMatchObject({ findings: [] });
    // The search can find: the same bytes are in the project's own files.
    expect(await readFile(scene.path('new-0.txt'), 'utf8')).toContain(planted[0]?.value);
  });
});

const oneLine = (text: string): string => text.replaceAll('\n', ' ');

function lineOf(planted: readonly Planted[], kind: string): string {
  return planted.find((one) => one.kind === kind)?.line ?? '';
}

/** Values that nothing but their being in the environment makes secrets, and what else they are written as. */
async function plantEnvironment(scene: Scene): Promise<readonly { kind: string; value: string }[]> {
  const values = {
    DEPLOY_TOKEN: 'harmless words/with spaces & signs?',
    SERVICE_SECRET: 'plain-looking-value-one',
    SIGNING_KEY: 'lower case only and "quoted" \\ slashed',
    DB_PASSWORD: 'correct horse battery staple',
    UMLAUT_SECRET: 'größer als vorher',
  };
  Object.assign(scene.env, values);
  const file = { FILE_API_KEY: 'another quiet value here', SHORT_SECRET: 'abcdefgh' };
  await scene.write(
    '.env',
    Object.entries(file)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
  );
  return Object.entries({ ...values, ...file }).flatMap(([name, value]) => [
    { kind: name, value },
    { kind: `${name} base64`, value: Buffer.from(value).toString('base64').replace(/=+$/, '') },
    { kind: `${name} inside base64`, value: Buffer.from(`xx${value}`).toString('base64').slice(4, -4) },
    { kind: `${name} url`, value: encodeURIComponent(value) },
    { kind: `${name} json`, value: JSON.stringify(value).slice(1, -1) },
  ]);
}

/** New files, some with a secret in their name. */
async function plantFiles(scene: Scene, planted: readonly Planted[]): Promise<void> {
  await mkdir(scene.path('deep/er'), { recursive: true });
  for (const [index, { line, value }] of planted.entries()) {
    await scene.write(`new-${index}.txt`, `# settings\n${line}\n`);
    // A name is all that there is to know it by.
    if (/^[\w.-]{10,200}$/.test(value) && line.startsWith('the '))
      await scene.write(`deep/er/copy-of ${value}.log`, 'nothing\n');
  }
}

/** A model that says, writes, runs and reads them, and asks about one. */
async function hireModel(scene: Scene, planted: readonly Planted[]): Promise<void> {
  const turns: Turn[] = [];
  for (let from = 0; from < planted.length; from += 10) {
    const some = planted.slice(from, from + 10);
    turns.push({
      text: some.map(({ line }) => `I found this: ${line}`).join('\n'),
      calls: some.flatMap((one, i) => callsWith(one, from + i)),
    });
  }
  await scene.addRecorded(
    'ann',
    [
      ...turns,
      {
        calls: [
          { tool: 'ask_person', input: { question: `Is this right? ${lineOf(planted, 'stripe-live')}` } },
        ],
      },
      { calls: [{ tool: 'finish_task', input: { summary: `used ${lineOf(planted, 'gitlab')}` } }] },
    ],
    '--allow',
    '**',
  );
  await scene.ok(
    'task',
    'add',
    oneLine(lineOf(planted, 'anthropic')),
    '--details',
    lineOf(planted, 'rsa-key'),
    '--agent',
    'ann',
  );
}

function callsWith({ line, value }: Planted, index: number): NonNullable<Turn['calls']> {
  const command = `cat new-${index}.txt; echo ${quote(value)} >&2; exit ${index % 2}`;
  return [
    { tool: 'write_file', input: { path: `made/by-model-${index}.conf`, content: `${line}\n` } },
    { tool: 'run_command', input: { command } },
    { tool: 'read_file', input: { path: `made/by-model-${index}.conf` } },
    { tool: `no_tool ${oneLine(line).slice(0, 400)}`, input: { password: value, nested: [{ note: line }] } },
  ];
}

/** A program that prints everything, in pieces, and what is in its environment in every way of writing. */
async function hireProgram(scene: Scene, planted: readonly Planted[]): Promise<void> {
  const output = path.join(scene.dir, '..', 'output.txt');
  await writeFile(output, planted.map(({ line }) => `${line}\n`).join(''));
  const program = path.join(scene.dir, '..', 'printer.mjs');
  await writeFile(
    program,
    `import { readFileSync } from 'node:fs';
     const text = readFileSync(${JSON.stringify(output)}, 'utf8');
     for (let i = 0; i < text.length; i += 7) process.stdout.write(text.slice(i, i + 7));
     const dotEnv = readFileSync('.env', 'utf8').trim().split('\\n').map((line) => JSON.parse(line.split('=')[1]));
     const names = ['DEPLOY_TOKEN', 'SERVICE_SECRET', 'SIGNING_KEY', 'DB_PASSWORD', 'UMLAUT_SECRET'];
     for (const value of [...names.map((name) => process.env[name]), ...dotEnv]) {
       console.log('it is', value, Buffer.from(value).toString('base64'), encodeURIComponent(value));
       console.log(JSON.stringify({ value }), Buffer.from('xx' + value + 'yy').toString('base64'));
     }`,
  );
  await scene.ok('agent', 'add', 'printer', '--driver', 'command', '--', process.execPath, program);
  await scene.ok('task', 'add', 'print', '--agent', 'printer');
}

async function hireFailing(scene: Scene, planted: readonly Planted[]): Promise<void> {
  const words = ['database-url', 'bearer-header', 'npm', 'aws-access-key'].map((kind) =>
    oneLine(lineOf(planted, kind)),
  );
  await scene.addProgram('failing', `${words.map((line) => `echo ${quote(line)} >&2`).join('\n')}\nexit 3\n`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

async function answerAll(scene: Scene, planted: readonly Planted[]): Promise<void> {
  for (const { id, status } of await scene.ok('blocker', 'list')) {
    if (status === 'open') await scene.ok('blocker', 'answer', String(id), lineOf(planted, 'slack-bot'));
  }
}

/** Where one of them stands in the project's data: files, and the contents of git's objects. */
async function left(
  scene: Scene,
  wanted: readonly { kind: string; value: string }[],
): Promise<readonly string[]> {
  const places = new Map<string, Buffer>();
  for (const entry of await readdir(scene.home, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) places.set(path.relative(scene.home, file), await readFile(file));
  }
  const store = [...places.keys()].find((name) => name.endsWith('store.git/HEAD')) ?? '';
  places.set('objects', objectsOf(path.join(scene.home, path.dirname(store))));
  expect(places.size).toBeGreaterThan(5);
  return [...places].flatMap(([name, bytes]) =>
    wanted.flatMap(({ kind, value }) =>
      partsOf(value).some((part) => bytes.includes(part)) ? [`${name}: ${kind}`] : [],
    ),
  );
}

/** Of a key in lines also each line: no part of it may be left. */
function partsOf(value: string): readonly string[] {
  return value.includes('\n')
    ? value.split('\n').filter((line) => line.length >= 40 && !line.startsWith('---'))
    : [value];
}

function objectsOf(store: string): Buffer {
  const args = ['--git-dir', store, 'cat-file', '--batch', '--batch-all-objects', '--unordered'];
  return execFileSync('git', args, { maxBuffer: 1024 * 1024 * 1024 });
}
