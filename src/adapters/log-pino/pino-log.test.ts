import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleFixture } from '../../../test/rig/bundle.ts';
import { CodeframeError } from '../../failure.ts';
import { openLog } from './pino-log.ts';
import { openRotatingFile } from './rotating-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'codeframe-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('nothing is opened before the first line; then directory and file are for the user alone', () => {
  const logs = join(dir, 'logs');
  const log = openLog({ dir: logs, name: 'start', verbose: false });
  expect(readdirSync(dir)).toEqual([]);
  log.info({ agents: 3 }, 'paused');
  log.close();
  expect(statSync(logs).mode & 0o777).toBe(0o700);
  expect(statSync(log.path).mode & 0o777).toBe(0o600);
  expect(linesOf(log.path)).toMatchObject([
    { level: 'info', name: 'start', pid: process.pid, agents: 3, msg: 'paused' },
  ]);
});

test('an error is logged with its stack, its failure and all its causes', () => {
  const log = openLog({ dir, name: 'start', verbose: false });
  const root = new Error('disk on fire');
  const failure = { code: 'no-space', path: '/x' } as const;
  log.error({ err: new CodeframeError(failure, { cause: new Error('write', { cause: root }) }) }, 'no');
  const [line] = linesOf(log.path);
  expect(line).toMatchObject({
    level: 'error',
    err: { failure, cause: { cause: { message: 'disk on fire' } } },
  });
  expect(line).toHaveProperty('err.stack', expect.stringContaining('pino-log.test.ts'));
});

test('an error that is its own cause is logged all the same', () => {
  const log = openLog({ dir, name: 'start', verbose: true, print: () => {} });
  const loop = new Error('loop');
  loop.cause = loop;
  log.error({ err: loop }, 'no');
  expect(linesOf(log.path)).toHaveLength(1);
});

test('fields that are named like a secret are not written, nested or not', () => {
  const log = openLog({
    dir,
    name: 'start',
    verbose: false,
    redact: (line) => line.replaceAll('s3cr3t', '<x>'),
  });
  log.info(
    { apiKey: 'aaaa', request: { headers: { authorization: 'bbbb' }, password: 'cccc' } },
    'call s3cr3t',
  );
  const text = readFileSync(log.path, 'utf8');
  expect(text).not.toMatch(/aaaa|bbbb|cccc|s3cr3t/);
  expect(text).toContain('<x>');
});

test('verbose prints a line for people, with the stack of an error and of its cause', () => {
  let printed = '';
  const log = openLog({ dir, name: 'start', verbose: true, print: (text) => (printed += text) });
  log.info({ agent: 'a', tokens: 5 }, 'flash saved');
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'broke');
  expect(printed).toMatch(/^\d\d:\d\d:\d\d INFO {2}flash saved agent=a tokens=5\n/);
  expect(printed).toMatch(/ERROR broke\n {4}Error: outer\n {4,}at /);
  expect(printed).toMatch(/caused by\n {4}Error: inner/);
});

test('a log that cannot be written is said once and stops nothing', () => {
  writeFileSync(join(dir, 'file'), '');
  let printed = '';
  const log = openLog({
    dir: join(dir, 'file', 'logs'),
    name: 'start',
    verbose: false,
    print: (t) => (printed += t),
  });
  log.info({}, 'one');
  log.info({}, 'two');
  log.close();
  expect(printed.match(/cannot be written/g)).toHaveLength(1);
});

test('a full disk is said once, and what is logged when there is room again is written', () => {
  let problems = 0;
  const full = openRotatingFile({
    path: '/dev/full',
    sizeBytesMax: 100,
    filesMax: 2,
    onProblem: () => problems++,
  });
  for (let i = 0; i < 3; i++) full.write('x');
  full.close();
  expect(problems).toBe(1);
});

test('a file is put aside before it grows beyond its limit, and only so many are kept', () => {
  const path = join(dir, 'deep', 'a.log');
  const file = openRotatingFile({ path, sizeBytesMax: 30, filesMax: 3, onProblem: raise });
  for (let i = 0; i < 20; i++) file.write(`line ${String(i).padStart(4, '0')}\n`);
  file.close();
  const kept = [`${path}.2`, `${path}.1`, path].map((name) => readFileSync(name, 'utf8'));
  expect(kept.every((text) => text.length <= 30)).toBe(true);
  expect(kept.join('')).toBe(
    'line 0012\nline 0013\nline 0014\nline 0015\nline 0016\nline 0017\nline 0018\nline 0019\n',
  );
  expect(readdirSync(join(dir, 'deep'))).toHaveLength(3);
});

test('two writers of one file lose nothing when one of them puts it aside', () => {
  const path = join(dir, 'a.log');
  const options = { path, sizeBytesMax: 40, filesMax: 50, onProblem: raise };
  const [a, b] = [openRotatingFile(options), openRotatingFile(options)];
  const sent = Array.from({ length: 40 }, (_, i) => `${i % 2} ${i}\n`);
  sent.forEach((line, i) => (i % 3 === 0 ? a : b).write(line));
  a.close();
  b.close();
  const text = readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('');
  expect(text.trim().split('\n').toSorted()).toEqual(sent.map((line) => line.trim()).toSorted());
});

test('what was logged right before process.exit is in the file', async () => {
  const program = join(dir, 'program.ts');
  const source = new URL('./pino-log.ts', import.meta.url).pathname;
  writeFileSync(
    program,
    `import { openLog } from ${JSON.stringify(source)};
     const log = openLog({ dir: process.argv[2], name: 'x', verbose: false });
     for (let i = 0; i < 1000; i++) log.debug({ i }, 'line');
     process.exit(0);`,
  );
  execFileSync(process.execPath, [await bundleFixture(program), dir]);
  expect(linesOf(join(dir, 'codeframe.log'))).toHaveLength(1000);
});

function raise(error: unknown): never {
  throw error;
}
