import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ids } from '../../ids.ts';
import { createProject, dataHome, findProject } from './project-place.ts';
import { failureIn } from '../../../test/rig/failure-of.ts';

let root: string;
let home: string;
let made = 0;
const ids: Ids = { next: () => `p${String(++made).padStart(12, '0')}` };

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-place-')));
  home = join(root, 'home');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const create = (dir: string, name?: string) => createProject(join(root, dir), { name, ids, home });
const configOf = (dir: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, dir, '.codeframe/config.json'), 'utf8')) as Record<string, unknown>;

test('a project is made of a directory and found from any directory below it', () => {
  const place = create('app');
  mkdirSync(join(root, 'app/src/deep'), { recursive: true });
  expect(findProject(join(root, 'app/src/deep'), { home })).toEqual(place);
  expect(place).toMatchObject({ dir: join(root, 'app'), config: { name: 'app' } });
  expect(place.dataDir).toBe(join(home, 'projects', place.config.id));
  expect(configOf('app')).toEqual({
    format: 1,
    id: place.config.id,
    name: 'app',
    settings: { allow: [], include: [] },
  });
  expect(readdirSync(join(root, 'app/.codeframe'))).toEqual(['config.json']);
});

test('the data directories are for the user alone, and are made again on a machine that has none', () => {
  const { dataDir } = create('app');
  rmSync(home, { recursive: true });
  findProject(join(root, 'app'), { home });
  expect(readdirSync(dataDir).toSorted()).toEqual([
    'backups',
    'config.json',
    'journal',
    'logs',
    'origin.json',
  ]);
  for (const dir of [home, dataDir, join(dataDir, 'journal')]) expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test('outside of a project nothing is found, and what codeframe keeps in the home directory is no project', () => {
  const hidden = join(root, 'user/.codeframe');
  mkdirSync(hidden, { recursive: true });
  writeFileSync(join(hidden, 'config.json'), '{');
  const dir = join(root, 'user');
  expect(failureIn(() => findProject(dir, { home: hidden }))).toEqual({ code: 'not-a-project', dir });
});

test('the root, the home directory and codeframe’s own data are refused, also through a link', () => {
  const why = (dir: string, at = home) => failureIn(() => createProject(dir, { ids, home: at }));
  mkdirSync(home);
  symlinkSync('/', join(root, 'to-root'));
  symlinkSync(home, join(root, 'to-data'));
  expect(why('/')).toMatchObject({ code: 'unsafe-directory', why: 'root' });
  expect(why(join(root, 'to-root'))).toMatchObject({ code: 'unsafe-directory', why: 'root' });
  expect(why(homedir())).toMatchObject({ code: 'unsafe-directory', why: 'home' });
  expect(why(home)).toMatchObject({ why: 'inside-data' });
  expect(why(join(home, 'new/dir'))).toMatchObject({ why: 'inside-data' });
  expect(why(join(root, 'to-data/x'))).toMatchObject({ why: 'inside-data' });
  expect(why(join(root, 'app'), join(root, 'app/data'))).toMatchObject({ why: 'inside-data' });
  expect(readdirSync(home)).toEqual([]);
  expect(existsSync(join(root, 'app'))).toBe(false);
});

test('a directory that is a project already is refused and stays as it is', () => {
  const { config } = create('app', 'mine');
  const dir = join(root, 'app');
  expect(failureIn(() => create('app', 'other'))).toEqual({
    code: 'already-a-project',
    dir,
    projectId: config.id,
  });
  expect(configOf('app')['name']).toBe('mine');
});

test('a file, a name that is too long and a linked .codeframe are refused', () => {
  writeFileSync(join(root, 'file'), '');
  mkdirSync(join(root, 'linked'));
  mkdirSync(join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'linked/.codeframe'));
  expect(failureIn(() => create('file'))).toMatchObject({ code: 'invalid-argument' });
  expect(failureIn(() => create('file/below'))).toMatchObject({ code: 'invalid-argument' });
  expect(failureIn(() => create('app', 'x'.repeat(201)))).toMatchObject({ argument: 'name' });
  expect(failureIn(() => create('linked'))).toMatchObject({ code: 'corrupt-config' });
  expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
});

// Nobody, root included, may make a directory there.
test.skipIf(process.platform !== 'linux')('a directory that may not be written is refused', () => {
  const path = '/sys/codeframe-project';
  expect(failureIn(() => createProject(path, { ids, home }))).toMatchObject({ code: 'no-permission', path });
});

test.each([
  ['no JSON', '{"format": 1,', /not JSON/],
  ['an empty file', '', /not JSON/],
  ['a newer format', '{"format":2,"id":"p000000000001","name":"a"}', /format: .*expected 1/],
  ['an id that is a path', '{"format":1,"id":"p/../../../etc","name":"a"}', /^id: /],
  [
    'a wrong setting',
    '{"format":1,"id":"p000000000001","name":"a","settings":{"allow":"*"}}',
    /settings\.allow: /,
  ],
  [
    'a share above 1',
    '{"format":1,"id":"p000000000001","name":"a","settings":{"flashSave":{"target":40}}}',
    /target/,
  ],
])('a corrupt config (%s) is refused with its path and problem, and not touched', (_, text, problem) => {
  create('app');
  const path = join(root, 'app/.codeframe/config.json');
  writeFileSync(path, text);
  for (const act of [() => findProject(join(root, 'app'), { home }), () => create('app')]) {
    const failure = failureIn(act);
    expect(failure).toMatchObject({ code: 'corrupt-config', path });
    expect(failure).toHaveProperty('problem', expect.stringMatching(problem));
  }
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('settings are read, missing ones have their defaults, and unknown ones are no mistake', () => {
  create('app');
  const settings = { allow: ['npm test'], graceMs: 5, flashSave: { off: true, target: 0.3 }, later: 1 };
  const path = join(root, 'app/.codeframe/config.json');
  writeFileSync(path, JSON.stringify({ ...configOf('app'), settings, extra: 2 }));
  const { config } = findProject(join(root, 'app'), { home });
  expect(config.settings).toMatchObject({ ...settings, include: [] });
  writeFileSync(path, JSON.stringify({ ...configOf('app'), settings: undefined }));
  expect(findProject(join(root, 'app'), { home }).config.settings).toEqual({ allow: [], include: [] });
});

test.each(['/etc', '../up', 'a/../../b', '.', '', '!x', 'C:/x', 'a\\b'])(
  'an include of %j is refused',
  (bad) => {
    create('app');
    const path = join(root, 'app/.codeframe/config.json');
    writeFileSync(path, JSON.stringify({ ...configOf('app'), settings: { include: ['dist/', bad] } }));
    expect(failureIn(() => findProject(join(root, 'app'), { home }))).toMatchObject({
      code: 'corrupt-config',
      path,
    });
  },
);

test('a project that was moved is the same project', () => {
  const place = create('app');
  renameSync(join(root, 'app'), join(root, 'moved'));
  expect(findProject(join(root, 'moved'), { home })).toMatchObject({
    config: place.config,
    dataDir: place.dataDir,
  });
  renameSync(join(root, 'moved'), join(root, 'again'));
  mkdirSync(join(root, 'moved'));
  expect(findProject(join(root, 'again'), { home }).config).toEqual(place.config);
});

test('the same directory under another name is the same project', () => {
  const place = create('app');
  symlinkSync(join(root, 'app'), join(root, 'link'));
  expect(findProject(join(root, 'link'), { home })).toEqual(place);
});

test('a copy of a project is refused, until it is made a project of its own, which keeps its settings', () => {
  const { config } = create('app', 'mine');
  const path = join(root, 'app/.codeframe/config.json');
  writeFileSync(path, JSON.stringify({ ...configOf('app'), extra: [2] }));
  cpSync(join(root, 'app'), join(root, 'copy'), { recursive: true });
  const refused = failureIn(() => findProject(join(root, 'copy'), { home }));
  expect(refused).toEqual({
    code: 'copied-project',
    dir: join(root, 'copy'),
    originDir: join(root, 'app'),
    projectId: config.id,
  });
  const copy = create('copy');
  expect(copy.config.id).not.toBe(config.id);
  expect(configOf('copy')).toEqual({ ...configOf('app'), id: copy.config.id });
  expect(findProject(join(root, 'copy'), { home })).toEqual(copy);
  expect(findProject(join(root, 'app'), { home }).config.id).toBe(config.id);
});

test('a copy whose original is gone takes its place', () => {
  const { config } = create('app');
  cpSync(join(root, 'app'), join(root, 'copy'), { recursive: true });
  rmSync(join(root, 'app'), { recursive: true });
  expect(findProject(join(root, 'copy'), { home }).config.id).toBe(config.id);
});

test('a directory whose config was cleaned away, or that is gone itself, is still the project', () => {
  const place = create('app');
  rmSync(join(root, 'app/.codeframe'), { recursive: true });
  expect(findProject(join(root, 'app'), { home })).toEqual(place);
  rmSync(join(root, 'app'), { recursive: true });
  expect(findProject(join(root, 'app/deep'), { home })).toEqual(place);
  expect(readdirSync(join(root, 'app'))).toEqual([]);
  expect(failureIn(() => findProject(root, { home }))).toEqual({ code: 'not-a-project', dir: root });
});

test('a project whose config was cleaned away gets it back by init, and not another project in its place', () => {
  const place = create('app', 'mine');
  rmSync(join(root, 'app/.codeframe'), { recursive: true });
  expect(create('app')).toEqual(place);
  expect(configOf('app')).toMatchObject({ id: place.config.id, name: 'mine' });
});

test('a directory that was made anew can be made a new project, which has it from then on', () => {
  const old = create('app');
  // Kept, so that its number is not given to the new one.
  renameSync(join(root, 'app'), join(root, 'aside'));
  const place = create('app');
  expect(place.config.id).not.toBe(old.config.id);
  const past = new Date(Date.now() - 60_000);
  utimesSync(join(old.dataDir, 'origin.json'), past, past);
  rmSync(join(root, 'app/.codeframe'), { recursive: true });
  expect(findProject(join(root, 'app'), { home })).toEqual(place);
});

test('of two projects that had one directory, the one whose directory is still there is meant, whatever was written later', () => {
  const old = create('app');
  renameSync(join(root, 'app'), join(root, 'aside'));
  const present = create('app');
  renameSync(join(root, 'app'), join(root, 'later'));
  renameSync(join(root, 'aside'), join(root, 'app'));
  for (const dir of ['app', 'later']) rmSync(join(root, dir, '.codeframe'), { recursive: true });
  expect(present.config.id).not.toBe(old.config.id);
  expect(findProject(join(root, 'app'), { home })).toEqual(old);
});

test('what cannot be read of another project is no obstacle', () => {
  const place = create('app');
  const other = create('other');
  rmSync(join(other.dataDir, 'origin.json'));
  mkdirSync(join(other.dataDir, 'origin.json'));
  rmSync(join(root, 'app/.codeframe'), { recursive: true });
  expect(findProject(join(root, 'app'), { home })).toEqual(place);
});

test('of two projects that were cleaned away the nearer one is meant', () => {
  create('app');
  const inner = create('app/inner');
  for (const dir of ['app', 'app/inner']) rmSync(join(root, dir, '.codeframe'), { recursive: true });
  expect(findProject(join(root, 'app/inner/src'), { home })).toEqual(inner);
});

test('a config that is no file is refused, and a pipe is not waited for', () => {
  create('app');
  const path = join(root, 'app/.codeframe/config.json');
  rmSync(path);
  execFileSync('mkfifo', [path]);
  const refused = { code: 'corrupt-config', path, problem: 'it is not a file' };
  expect(failureIn(() => findProject(join(root, 'app'), { home }))).toEqual(refused);
  rmSync(path);
  mkdirSync(path);
  expect(failureIn(() => findProject(join(root, 'app'), { home }))).toEqual(refused);
});

test('an origin that cannot be read is no obstacle', () => {
  const { dataDir } = create('app');
  writeFileSync(join(dataDir, 'origin.json'), '{"dir":');
  expect(findProject(join(root, 'app'), { home }).dataDir).toBe(dataDir);
});

test('the data home is CODEFRAME_HOME, or in the home directory', () => {
  expect(dataHome({ CODEFRAME_HOME: '/x/y' })).toBe('/x/y');
  expect(dataHome({ CODEFRAME_HOME: '' })).toBe(join(homedir(), '.codeframe'));
  expect(dataHome({})).toBe(join(homedir(), '.codeframe'));
});
