import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeTexts } from '../store-sqlite/change-texts.ts';
import { copyDatabase } from '../store-sqlite/copy-database.ts';
import { sqliteDriver } from '../store-sqlite/driver.ts';
import type { SessionFile } from '../../agent/home.ts';
import { OwnHome } from './own-home.ts';
import type { Quirk, Seat } from './quirk.ts';
import { claude } from './quirks/claude.ts';
import { codex } from './quirks/codex.ts';
import { opencode } from './quirks/opencode.ts';
import { qwen } from './quirks/qwen.ts';
import { putBackSecrets, readSessionFiles } from './session-files.ts';
import { hasSessionFile } from './session-places.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'codeframe-home-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (...names: string[]): string => join(root, ...names);
const put = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
const homeFor = (quirk: Quirk): OwnHome =>
  new OwnHome({ dir: at('homes', 'ada'), quirk, userHome: at('user') });
const seat: Seat = {
  home: '/home',
  projectDir: '/project "x"',
  gatewayUrl: 'http://127.0.0.1:1/s',
  mcpUrl: 'http://127.0.0.1:1/s/mcp',
  program: '/bin/agent',
  model: { name: 'm', vendor: 'openai', protocol: 'openai-responses', keyVariable: 'OPENAI_API_KEY' },
  key: 'none',
  allowAll: false,
  allowOthers: false,
  allow: [],
  deny: [],
};
const secrets = {
  redact: (text: string) => ({ text: text.replaceAll('sk-123', '[secret]'), found: [] }),
  putBack: <T>(value: T): T => String(value).replaceAll('[secret]', 'sk-123') as T,
};
const ports = { secrets, copyDatabase, changeTexts };
const filesOf = (driver: string): readonly SessionFile[] | null =>
  readSessionFiles({ ...ports, homesDir: at('homes') }, { name: 'ada', driver });
const read = (driver: string): Record<string, string> | null => {
  const files = filesOf(driver);
  return files && Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]));
};

describe('the HOME of an agent', () => {
  test('has the login and what commands need as links, and the settings that codeframe writes', () => {
    put(at('user', '.codex', 'auth.json'), 'login');
    put(at('user', '.gitconfig'), '[user]');
    put(at('user', '.codex', 'history.jsonl'), 'not on the list');
    homeFor(codex).prepare(seat);
    homeFor(codex).prepare(seat);
    expect(lstatSync(at('homes', 'ada', '.codex', 'auth.json')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('homes', 'ada', '.gitconfig'), 'utf8')).toBe('[user]');
    expect(existsSync(at('homes', 'ada', '.codex', 'history.jsonl'))).toBe(false);
    const config = readFileSync(at('homes', 'ada', '.codex', 'config.toml'), 'utf8');
    expect(config).toContain('base_url = "http://127.0.0.1:1/s/v1"');
    expect(config).toContain(String.raw`[projects."/project \"x\""]`);
  });

  test('hands a login back that the agent renewed by replacing the link', () => {
    const own = at('user', '.claude', '.credentials.json');
    put(at('dotfiles', 'claude'), '{"token":"old"}');
    mkdirSync(dirname(own), { recursive: true });
    symlinkSync(at('dotfiles', 'claude'), own);
    homeFor(claude).prepare(seat);
    const inside = at('homes', 'ada', '.claude', '.credentials.json');
    rmSync(inside);
    put(inside, '{"token":"new"}');
    utimesSync(at('dotfiles', 'claude'), 1, 1);
    homeFor(claude).prepare(seat);
    expect(readFileSync(at('dotfiles', 'claude'), 'utf8')).toBe('{"token":"new"}');
    expect(lstatSync(own).isSymbolicLink()).toBe(true);
    expect(lstatSync(inside).isSymbolicLink()).toBe(true);
    expect(readdirSync(at('dotfiles'))).toEqual(['claude']);
  });

  test('never hands back a login that was not written to its end', () => {
    const own = at('user', '.claude', '.credentials.json');
    put(own, '{"token":"old"}');
    utimesSync(own, 1, 1);
    const inside = at('homes', 'ada', '.claude', '.credentials.json');
    put(inside, '{"token":"ne');
    homeFor(claude).prepare(seat);
    expect(readFileSync(own, 'utf8')).toBe('{"token":"old"}');
    expect(readFileSync(inside, 'utf8')).toBe('{"token":"old"}');
    expect(readFileSync(`${inside}.unreadable`, 'utf8')).toBe('{"token":"ne');
  });

  test('gives its session files to a checkpoint, without secrets, links and whatever else there is', () => {
    put(at('homes', 'ada', '.claude', 'projects', '-p', 'abc.jsonl'), '{"key":"sk-123"}\n{"a":1}\n');
    put(at('homes', 'ada', '.claude', '.credentials.json'), 'login');
    put(at('elsewhere.jsonl'), 'not its own');
    symlinkSync(at('elsewhere.jsonl'), at('homes', 'ada', '.claude', 'projects', '-p', 'link.jsonl'));
    expect(read('claude')).toEqual({ '.claude/projects/-p/abc.jsonl': '{"key":"[secret]"}\n{"a":1}\n' });
    expect(hasSessionFile(at('homes', 'ada'), claude.sessionFiles, 'abc')).toBe(true);
    expect(hasSessionFile(at('homes', 'ada'), claude.sessionFiles, 'xyz')).toBe(false);
  });

  test('that is gone has no session files; one that never worked has none', () => {
    expect(read('claude')).toBeNull();
    homeFor(claude).prepare(seat);
    expect(read('claude')).toEqual({});
    expect(read('model')).toBeNull();
  });

  test('gets exactly the session files that are put into it', () => {
    put(at('homes', 'ada', '.claude', 'projects', '-p', 'later.jsonl'), 'later');
    put(at('homes', 'ada', '.claude', 'kept.json'), 'kept');
    homeFor(claude).putSession([{ path: '.claude/projects/-p/early.jsonl', bytes: Buffer.from('early') }]);
    expect(read('claude')).toEqual({ '.claude/projects/-p/early.jsonl': 'early' });
    expect(existsSync(at('homes', 'ada', '.claude', 'kept.json'))).toBe(true);
  });

  test('is put right by the next try when the one before was killed', () => {
    const projects = at('homes', 'ada', '.claude', 'projects', '-p');
    const files = ['a', 'b'].map((name) => ({
      path: `.claude/projects/-p/${name}.jsonl`,
      bytes: Buffer.from(`early ${name}`),
    }));
    put(join(projects, 'a.jsonl'), 'early a');
    put(join(projects, 'b.jsonl'), 'later b');
    put(at('homes', 'ada', '.codeframe-session', '1'), 'ear');
    expect(Object.keys(read('claude') ?? {})).toHaveLength(2);
    homeFor(claude).putSession(files);
    expect(read('claude')).toEqual({
      '.claude/projects/-p/a.jsonl': 'early a',
      '.claude/projects/-p/b.jsonl': 'early b',
    });
    expect(existsSync(at('homes', 'ada', '.codeframe-session'))).toBe(false);
  });

  test('keeps what no checkpoint takes along when session files are put into it', () => {
    put(at('homes', 'ada', '.qwen', 'projects', '-p', 'chats', 'later.jsonl'), 'later');
    put(at('homes', 'ada', '.qwen', 'projects', '-p', 'notes.md'), 'in no checkpoint');
    homeFor(qwen).putSession([{ path: '.qwen/projects/-p/chats/early.jsonl', bytes: Buffer.from('early') }]);
    expect(read('qwen')).toEqual({ '.qwen/projects/-p/chats/early.jsonl': 'early' });
    expect(readFileSync(at('homes', 'ada', '.qwen', 'projects', '-p', 'notes.md'), 'utf8')).toBe(
      'in no checkpoint',
    );
  });

  test('gives the notes and long results that the records name to a checkpoint too', () => {
    put(at('homes', 'ada', '.claude', 'projects', '-p', 'memory', 'MEMORY.md'), 'use tabs; key\nsk-123');
    put(at('homes', 'ada', '.claude', 'projects', '-p', 'abc', 'tool-results', 'r1.txt'), 'long');
    expect(read('claude')).toEqual({
      '.claude/projects/-p/abc/tool-results/r1.txt': 'long',
      '.claude/projects/-p/memory/MEMORY.md': 'use tabs; key\n[secret]',
    });
  });

  test('is left as it was when one of the session files cannot be put into it', () => {
    const projects = at('homes', 'ada', '.claude', 'projects');
    put(join(projects, '-p', 'later.jsonl'), 'later');
    mkdirSync(join(projects, '-p', 'dir.jsonl', 'empty'), { recursive: true });
    symlinkSync(at('elsewhere'), join(projects, '-q'));
    mkdirSync(at('elsewhere'));
    const early = { path: '.claude/projects/-p/early.jsonl', bytes: Buffer.from('early') };
    for (const path of ['../outside', '.claude/projects/-p/dir.jsonl', '.claude/projects/-q/x.jsonl']) {
      const tried = (): void => homeFor(claude).putSession([early, { ...early, path }]);
      expect(tried).toThrow(/./u);
      expect(read('claude')).toEqual({ '.claude/projects/-p/later.jsonl': 'later' });
    }
    expect(readdirSync(at('elsewhere'))).toEqual([]);
  });

  test('has the secrets taken out of a file in which a byte is wrong, and put back', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"key":"sk-123"}\n{"bad":"'),
      Buffer.from([0xff]),
      Buffer.from(' sk-123"}\n'),
    ]);
    const file = at('homes', 'ada', '.claude', 'projects', '-p', 'abc.jsonl');
    put(file, '');
    writeFileSync(file, bytes);
    const files = filesOf('claude') ?? [];
    expect(Buffer.from(files[0]?.bytes ?? []).toString('latin1')).toBe(
      '{"key":"[secret]"}\n{"bad":"\xff [secret]"}\n',
    );
    expect(Buffer.from(putBackSecrets(ports, files)[0]?.bytes ?? [])).toEqual(bytes);
  });

  test('has the secrets taken out of a database of sessions, wherever in its file, and put back', () => {
    const file = at('homes', 'ada', ...(opencode.sessionFiles[0]?.path ?? '').split('/'));
    mkdirSync(dirname(file), { recursive: true });
    const Database = sqliteDriver();
    const database = new Database(file);
    database.exec(`CREATE TABLE part (id TEXT PRIMARY KEY, "the data" TEXT, size INT) WITHOUT ROWID;
      CREATE TABLE note (text TEXT, upper TEXT GENERATED ALWAYS AS (text || '!') VIRTUAL);
      CREATE INDEX by_text ON note (text);
      INSERT INTO part VALUES ('a', '{"key":"sk-123"}', 1), ('b', 'plain', 2);
      INSERT INTO note (text) VALUES ('sk-123')`);
    database.close();
    const files = filesOf('opencode') ?? [];
    expect(Buffer.from(files[0]?.bytes ?? []).includes('sk-123')).toBe(false);
    homeFor(opencode).putSession(putBackSecrets(ports, files));
    const again = new Database(file);
    expect(again.prepare('SELECT "the data" FROM part ORDER BY id').pluck().all()).toEqual([
      '{"key":"sk-123"}',
      'plain',
    ]);
    expect(again.prepare("SELECT upper FROM note WHERE text = 'sk-123'").pluck().all()).toEqual(['sk-123!']);
    again.close();
  });

  test.each(['../../../outside', '.claude/.credentials.json', '.claude/projects/../.credentials.json'])(
    'takes no session file %s from a checkpoint',
    (path) => {
      const tried = (): void => homeFor(claude).putSession([{ path, bytes: Buffer.from('x') }]);
      expect(tried).toThrow(/./u);
      expect(existsSync(at('outside'))).toBe(false);
      expect(existsSync(at('homes', 'outside'))).toBe(false);
    },
  );

  test('has a database of sessions copied whole while it is written, and put back without the log of the later one', () => {
    const file = at('homes', 'ada', ...(opencode.sessionFiles[0]?.path ?? '').split('/'));
    mkdirSync(dirname(file), { recursive: true });
    const Database = sqliteDriver();
    const database = new Database(file);
    database.pragma('journal_mode = WAL');
    database.exec("CREATE TABLE session (id TEXT); INSERT INTO session VALUES ('early')");
    const files = filesOf('opencode');
    database.exec("INSERT INTO session VALUES ('later')");
    homeFor(opencode).putSession(files ?? []);
    database.close();
    homeFor(opencode).putSession(files ?? []);
    const again = new Database(file);
    expect(again.prepare('SELECT id FROM session').pluck().all()).toEqual(['early']);
    again.close();
  });
});
