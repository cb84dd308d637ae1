import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyDatabase } from '../store-sqlite/copy-database.ts';
import { sqliteDriver } from '../store-sqlite/driver.ts';
import { OwnHome } from './own-home.ts';
import type { Quirk, Seat } from './quirk.ts';
import { claude } from './quirks/claude.ts';
import { codex } from './quirks/codex.ts';
import { opencode } from './quirks/opencode.ts';
import { hasSessionFile, readSessionFiles } from './session-files.ts';

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
  allowAll: false,
  allow: [],
};
const secrets = { redact: (text: string) => ({ text: text.replaceAll('sk-123', '[secret]'), found: [] }) };
const read = (driver: string): Record<string, string> | null => {
  const files = readSessionFiles({ homesDir: at('homes'), secrets, copyDatabase }, { name: 'ada', driver });
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
    put(own, 'old');
    homeFor(claude).prepare(seat);
    const inside = at('homes', 'ada', '.claude', '.credentials.json');
    rmSync(inside);
    put(inside, 'new');
    utimesSync(own, 1, 1);
    homeFor(claude).prepare(seat);
    expect(readFileSync(own, 'utf8')).toBe('new');
    expect(lstatSync(inside).isSymbolicLink()).toBe(true);
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
    const files = readSessionFiles(
      { homesDir: at('homes'), secrets, copyDatabase },
      { name: 'ada', driver: 'opencode' },
    );
    database.exec("INSERT INTO session VALUES ('later')");
    homeFor(opencode).putSession(files ?? []);
    database.close();
    homeFor(opencode).putSession(files ?? []);
    const again = new Database(file);
    expect(again.prepare('SELECT id FROM session').pluck().all()).toEqual(['early']);
    again.close();
  });
});
