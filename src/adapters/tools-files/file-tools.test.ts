import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ToolContext, ToolResult } from '../../agent/tool.ts';
import { fileTools } from './file-tools.ts';
import { sha256Of } from './file-text.ts';
import { findPath, openRegular, PathRefused } from './project-path.ts';

let base: string;
let dir: string;
let outside: string;
/** What the agent has seen, as its memory would tell. */
let seen: Map<string, string>;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'codeframe-files-'));
  dir = join(base, 'project');
  outside = join(base, 'outside');
  await mkdir(dir);
  await mkdir(outside);
  await writeFile(join(outside, 'secret.txt'), 'secret\n');
  seen = new Map();
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

async function call(name: string, input: object, context: Partial<ToolContext> = {}): Promise<ToolResult> {
  const tool = fileTools.find((candidate) => candidate.spec.name === name);
  if (!tool) throw new Error(`no tool ${name}`);
  const never = new AbortController().signal;
  const result = await tool.run(input, {
    projectDir: dir,
    marker: 'm',
    signal: never,
    kill: never,
    seen: (path) => seen.get(path) ?? null,
    ...context,
  });
  if (result.path !== undefined && result.sha256 !== undefined) seen.set(result.path, result.sha256);
  return result;
}

function put(name: string, content: string | Buffer): Promise<void> {
  return writeFile(join(dir, name), content);
}

function content(name: string): Promise<string> {
  return readFile(join(dir, name), 'utf8');
}

describe('read_file', () => {
  it('gives the text as it is, with the hash of the whole file', async () => {
    await put('a.txt', 'one\r\ntwo\n');
    expect(await call('read_file', { path: './a.txt' })).toEqual({
      text: 'one\r\ntwo\n',
      isError: false,
      path: 'a.txt',
      sha256: sha256Of('one\r\ntwo\n'),
    });
  });

  it('gives some of the lines, and says which', async () => {
    await put('a.txt', '1\n2\n3\n4\n');
    expect((await call('read_file', { path: 'a.txt', offset: 2, limit: 2 })).text).toBe(
      '2\n3\n[lines 2 to 3 of 4]',
    );
    expect((await call('read_file', { path: 'a.txt', offset: 9 })).text).toBe('(the file has only 4 lines)');
  });

  it('caps long files and long lines', async () => {
    await put('a.txt', 'x'.repeat(5_000));
    expect((await call('read_file', { path: 'a.txt' })).text).toContain('3000 characters more');
    await put('b.txt', 'y\n'.repeat(5_000));
    expect((await call('read_file', { path: 'b.txt' })).text).toMatch(/\[lines 1 to 2000 of 5000\]$/);
    await put('c.txt', `${'z'.repeat(1_500)}\n`.repeat(1_000));
    const { text } = await call('read_file', { path: 'c.txt' });
    expect(text.length).toBeLessThan(61_000);
  });

  it.each([
    ['a binary file', Buffer.from([0x7f, 0x45, 0, 1])],
    ['text in another encoding', Buffer.from('caf\xe9', 'latin1')],
  ])('refuses %s', async (_, bytes) => {
    await put('a.bin', bytes);
    expect(await call('read_file', { path: 'a.bin' })).toMatchObject({ isError: true });
  });

  it('refuses what is not there, and a directory', async () => {
    await mkdir(join(dir, 'd'));
    expect((await call('read_file', { path: 'nope/a' })).text).toBe('nope/a does not exist.');
    expect((await call('read_file', { path: 'd' })).text).toContain('is a directory');
  });

  it('does not wait for a pipe, and reads no device', async () => {
    execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: dir });
    expect((await call('read_file', { path: 'pipe' })).text).toBe('pipe is not a regular file.');
    await symlink('/dev/zero', join(dir, 'zero'));
    expect(await call('read_file', { path: 'zero' })).toMatchObject({ isError: true });
  });
});

describe('leaving the project', () => {
  it.each(['../outside/secret.txt', '/etc/hostname', 'a/../../outside/secret.txt', '..', 'x\0y'])(
    'no tool goes to %j',
    async (path) => {
      for (const name of ['read_file', 'list_files', 'search_files'])
        expect(await call(name, name === 'search_files' ? { path, query: 's' } : { path })).toMatchObject({
          isError: true,
        });
      expect(await call('write_file', { path, content: 'x' })).toMatchObject({ isError: true });
    },
  );

  it('takes an absolute path inside the project', async () => {
    await put('a.txt', 'x');
    expect(await call('read_file', { path: join(dir, 'a.txt') })).toMatchObject({
      path: 'a.txt',
      isError: false,
    });
  });

  it('does not go through a link to a file, a directory, or an ancestor that is one', async () => {
    await symlink(join(outside, 'secret.txt'), join(dir, 'file'));
    await symlink(outside, join(dir, 'deep'));
    for (const path of ['file', 'deep/secret.txt', 'deep/new/er/file'])
      for (const [name, input] of [
        ['read_file', { path }],
        ['write_file', { path, content: 'x' }],
        ['edit_file', { path, old_text: 's', new_text: 't' }],
      ] as const)
        expect((await call(name, input)).text, `${name} ${path}`).toContain(
          'outside the project through a link',
        );
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('secret\n');
    expect(await readdir(outside)).toEqual(['secret.txt']);
    expect((await call('search_files', { query: 'secret' })).text).toBe('(nothing found)');
  });

  it('writes nothing through a link that leads nowhere', async () => {
    await symlink(join(outside, 'new.txt'), join(dir, 'dangling'));
    expect((await call('write_file', { path: 'dangling', content: 'x' })).text).toContain('leads nowhere');
    expect(await readdir(outside)).toEqual(['secret.txt']);
  });

  it('follows a link that stays inside, and keeps it a link', async () => {
    await put('real.txt', 'one');
    await symlink('real.txt', join(dir, 'link'));
    await call('read_file', { path: 'link' });
    expect(await call('edit_file', { path: 'link', old_text: 'one', new_text: 'two' })).toMatchObject({
      isError: false,
    });
    expect(await content('real.txt')).toBe('two');
    expect((await lstat(join(dir, 'link'))).isSymbolicLink()).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'sees a directory that was swapped for a link after the look',
    async () => {
      await mkdir(join(dir, 'd'));
      await put('d/secret.txt', 'mine');
      const found = await findPath(dir, 'd/secret.txt');
      await rename(join(dir, 'd'), join(dir, 'was'));
      await symlink(outside, join(dir, 'd'));
      await expect(openRegular(found)).rejects.toThrow(PathRefused);
    },
  );
});

describe('write_file', () => {
  it('makes the file and the directories above it', async () => {
    expect(await call('write_file', { path: 'x/y/z.txt', content: 'a\nb\n' })).toMatchObject({
      text: 'Wrote x/y/z.txt (2 lines).',
      path: 'x/y/z.txt',
    });
    expect(await content('x/y/z.txt')).toBe('a\nb\n');
    expect(await readdir(join(dir, 'x/y'))).toEqual(['z.txt']);
  });

  it('replaces a file only when the agent has seen what is there', async () => {
    await put('a.txt', 'yours');
    expect((await call('write_file', { path: 'a.txt', content: 'mine' })).text).toContain('Read it before');
    await call('read_file', { path: 'a.txt' });
    await put('a.txt', 'yours, later');
    expect((await call('write_file', { path: 'a.txt', content: 'mine' })).text).toContain(
      'has changed since',
    );
    expect(await content('a.txt')).toBe('yours, later');
    await call('read_file', { path: 'a.txt' });
    expect(await call('write_file', { path: 'a.txt', content: 'mine' })).toMatchObject({ isError: false });
    expect(await call('write_file', { path: 'a.txt', content: 'mine again' })).toMatchObject({
      isError: false,
    });
  });

  it('may be done twice', async () => {
    await call('write_file', { path: 'a.txt', content: 'mine' });
    seen.clear();
    expect(await call('write_file', { path: 'a.txt', content: 'mine' })).toMatchObject({ isError: false });
  });

  it('keeps the mode', async () => {
    await put('run.sh', 'one');
    await chmod(join(dir, 'run.sh'), 0o750);
    await call('read_file', { path: 'run.sh' });
    await call('write_file', { path: 'run.sh', content: 'two' });
    expect((await stat(join(dir, 'run.sh'))).mode & 0o777).toBe(0o750);
  });

  it.each([
    '.git/config',
    '.git',
    'sub/.git/hooks/pre-commit',
    '.GIT/config',
    '.Git./config',
    '.g\u200cit/config',
    'git~1/config',
    '.codeframe/config.json',
    '.CODEFRAME/x',
  ])('changes nothing in %j', async (path) => {
    expect(await call('write_file', { path, content: 'x' })).toMatchObject({ isError: true });
    expect(await readdir(dir)).toEqual([]);
  });

  it('changes nothing in .git through a link either', async () => {
    await mkdir(join(dir, '.git'));
    await symlink('.git', join(dir, 'plain'));
    expect(await call('write_file', { path: 'plain/config', content: 'x' })).toMatchObject({ isError: true });
    expect(await readdir(join(dir, '.git'))).toEqual([]);
  });

  it('refuses a directory and a pipe', async () => {
    await mkdir(join(dir, 'd'));
    execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: dir });
    for (const path of ['d', 'pipe', '.'])
      expect(await call('write_file', { path, content: 'x' })).toMatchObject({ isError: true });
  });

  it('takes away what a killed write left', async () => {
    await put('.codeframe-999999999-0123456789ab.tmp', 'half');
    await call('write_file', { path: 'a.txt', content: 'x' });
    expect(await readdir(dir)).toEqual(['a.txt']);
  });
});

describe('edit_file', () => {
  it('replaces text that is there once', async () => {
    await put('a.txt', 'one two one');
    await call('read_file', { path: 'a.txt' });
    expect(await call('edit_file', { path: 'a.txt', old_text: 'two', new_text: '$& $1' })).toMatchObject({
      text: 'Replaced once in a.txt.',
    });
    expect(await content('a.txt')).toBe('one $& $1 one');
  });

  it('refuses text that is not there, or there more than once, unless told to replace all', async () => {
    await put('a.txt', 'one two one');
    await call('read_file', { path: 'a.txt' });
    expect((await call('edit_file', { path: 'a.txt', old_text: 'six', new_text: '' })).text).toContain(
      'is not in',
    );
    expect((await call('edit_file', { path: 'a.txt', old_text: 'one', new_text: '' })).text).toContain(
      '2 times',
    );
    expect(await content('a.txt')).toBe('one two one');
    await call('edit_file', { path: 'a.txt', old_text: 'one', new_text: '1', replace_all: true });
    expect(await content('a.txt')).toBe('1 two 1');
  });

  it('refuses a file that was not read, or has changed since', async () => {
    await put('a.txt', 'one');
    const edit = { path: 'a.txt', old_text: 'one', new_text: 'two' };
    expect((await call('edit_file', edit)).text).toBe('Read a.txt before you edit it.');
    await call('read_file', { path: 'a.txt' });
    await put('a.txt', 'one more');
    expect((await call('edit_file', edit)).text).toContain('Read it again');
  });
});

/** Either may be the first, but only one of them makes it. */
function ofTheOneThatMadeIt(
  ended: readonly { readonly isError: boolean }[],
  texts: readonly [string, string],
): string | undefined {
  const made = ended.map(({ isError }) => !isError);
  expect(made.filter(Boolean)).toHaveLength(1);
  return texts[made.indexOf(true)];
}

describe('two agents at one file', () => {
  it('never lose an edit: whoever comes second has to read again', async () => {
    await put('a.txt', 'one two\n');
    const read = { seen: () => sha256Of('one two\n') };
    const ended = await Promise.all([
      call('edit_file', { path: 'a.txt', old_text: 'one', new_text: '1' }, read),
      call('edit_file', { path: './a.txt', old_text: 'two', new_text: '2' }, read),
    ]);
    expect(await content('a.txt')).toBe(ofTheOneThatMadeIt(ended, ['1 two\n', 'one 2\n']));
  });

  it('do not both make it', async () => {
    const ended = await Promise.all([
      call('write_file', { path: 'a.txt', content: 'first' }, { seen: () => null }),
      call('write_file', { path: 'a.txt', content: 'second' }, { seen: () => null }),
    ]);
    expect(await content('a.txt')).toBe(ofTheOneThatMadeIt(ended, ['first', 'second']));
  });
});

describe('list_files', () => {
  it('lists files in order, without .git and node_modules', async () => {
    await mkdir(join(dir, 'src/.git'), { recursive: true });
    await mkdir(join(dir, 'node_modules'));
    await put('src/b.ts', '');
    await put('src/.git/config', '');
    await put('node_modules/x.js', '');
    await put('a.md', '');
    await put('.env', '');
    expect((await call('list_files', {})).text).toBe('.env\na.md\nsrc/b.ts');
    expect((await call('list_files', { path: 'src' })).text).toBe('b.ts');
    expect((await call('list_files', { glob: '*.ts' })).text).toBe('src/b.ts');
    expect((await call('list_files', { glob: 'node_modules/**' })).text).toBe('node_modules/x.js');
    expect((await call('list_files', { path: 'a.md' })).text).toContain('not a directory');
  });

  it('ends in a loop of links', async () => {
    await mkdir(join(dir, 'd'));
    await symlink('..', join(dir, 'd/up'));
    expect((await call('list_files', {})).text).toBe('d/up');
  });

  it('names no more than a thousand', async () => {
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => put(`f${n}`, '')));
    const { text } = await call('list_files', {});
    expect(text.split('\n')).toHaveLength(1_001);
    expect(text).toContain('only the first 1000');
  });
});

describe('search_files', () => {
  beforeEach(async () => {
    await mkdir(join(dir, 'src'));
    await put('src/a.ts', 'const a = 1;\nlet b.c = 2;\n');
    await put('b.md', 'Const\n');
    await put('bin', Buffer.from([0, 99, 111, 110, 115, 116]));
  });

  it('finds text and expressions', async () => {
    expect((await call('search_files', { query: 'b.c' })).text).toBe('src/a.ts:2: let b.c = 2;');
    expect((await call('search_files', { query: '^const|^let', regex: true })).text).toBe(
      'src/a.ts:1: const a = 1;\nsrc/a.ts:2: let b.c = 2;',
    );
    expect((await call('search_files', { query: 'const', ignore_case: true, glob: '*.md' })).text).toBe(
      'b.md:1: Const',
    );
    expect((await call('search_files', { query: 'const', path: 'src/a.ts' })).text).toBe(
      'src/a.ts:1: const a = 1;',
    );
    expect((await call('search_files', { query: '(', regex: true })).isError).toBe(true);
  });

  it('is cut while an expression takes for ever, and the process goes on', async () => {
    await put('long.txt', `${'a'.repeat(60)}b`);
    const abort = new AbortController();
    const searching = call('search_files', { query: '^(a+)+$', regex: true }, { signal: abort.signal });
    setImmediate(() => abort.abort(new Error('the grace is over')));
    await expect(searching).rejects.toThrow('the grace is over');
  });
});

describe('every file tool', () => {
  it.each(fileTools.map((tool) => [tool.spec.name, tool] as const))(
    '%s names its input in JSON Schema',
    (_, tool) => {
      expect(tool.spec.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(tool.describe('nonsense')).toBe('with an input that does not fit');
    },
  );

  it('tells what does not fit', async () => {
    const result = await call('read_file', { path: 3, offest: 1 });
    expect(result).toMatchObject({ isError: true });
    expect(result.text).toContain('path');
    expect(result.text).toContain('offest');
  });
});
