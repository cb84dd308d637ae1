import { describe, expect, test } from 'vitest';
import type { Failure, FailureCode } from './failure.ts';
import { exitCodes } from './exit-codes.ts';
import { failureWords } from './failure-words.ts';

type Samples = { readonly [Code in FailureCode]: Extract<Failure, { readonly code: Code }> };

const samples: Samples = {
  'not-a-project': { code: 'not-a-project', dir: '/a' },
  'already-a-project': { code: 'already-a-project', dir: '/a', projectId: 'p1' },
  'copied-project': { code: 'copied-project', dir: '/b', originDir: '/a', projectId: 'p1' },
  'unsafe-directory': { code: 'unsafe-directory', dir: '/', why: 'root' },
  'project-owned': {
    code: 'project-owned',
    command: 'codeframe start',
    pid: 12,
    host: 'here',
    sinceMs: 1_700_000_000_000,
  },
  'stale-owner': { code: 'stale-owner', epoch: 1, currentEpoch: 2 },
  'wrong-status': { code: 'wrong-status', verb: 'resume', status: 'running', next: 'codeframe pause' },
  'unknown-id': { code: 'unknown-id', kind: 'agent', id: 'writr', near: ['writer'] },
  'ambiguous-id': { code: 'ambiguous-id', kind: 'checkpoint', id: 'c12', matches: ['c123', 'c124'] },
  'already-exists': { code: 'already-exists', kind: 'agent', id: 'writer' },
  'invalid-argument': { code: 'invalid-argument', argument: '--grace', problem: 'soon is not a duration' },
  'wrong-usage': { code: 'wrong-usage', problem: 'Unknown command pasue', hint: 'Did you mean pause?' },
  'corrupt-export': { code: 'corrupt-export', path: '/a.cfx', part: 'its header', problem: 'it is cut off' },
  'export-newer': { code: 'export-newer', path: '/a.cfx', found: 2, known: 1 },
  'foreign-project': { code: 'foreign-project', projectId: 'p1', problem: 'it began elsewhere' },
  'directory-in-use': { code: 'directory-in-use', dir: '/a', problem: 'it has 3 files' },
  'remote-failed': {
    code: 'remote-failed',
    remote: 'origin',
    doing: 'push',
    why: 'denied',
    problem: 'Permission denied',
  },
  'corrupt-config': { code: 'corrupt-config', path: '/a/config.json', problem: 'not JSON' },
  'corrupt-database': {
    code: 'corrupt-database',
    path: '/a/state.db',
    problem: 'page 3',
    backups: ['/b1', '/b2'],
  },
  'database-newer': { code: 'database-newer', path: '/a/state.db', found: 9, known: 3 },
  'database-busy': { code: 'database-busy', path: '/a/state.db', waitedMs: 5000 },
  'corrupt-checkpoint': {
    code: 'corrupt-checkpoint',
    id: 'c1',
    part: 'state/tasks.ndjson',
    problem: 'wrong hash',
  },
  'checkpoint-newer': { code: 'checkpoint-newer', id: 'c1', found: 2, known: 1 },
  'store-busy': { code: 'store-busy', path: '/a/store.git', pid: 12 },
  'database-in-use': { code: 'database-in-use', path: '/a/state.db', pid: 12 },
  'checkpoint-deleted': { code: 'checkpoint-deleted', id: 'c1' },
  'checkpoint-needed': { code: 'checkpoint-needed', id: 'c1', needs: ['paused', 'undo'] },
  'rules-keep-nothing': { code: 'rules-keep-nothing', count: 12 },
  'corrupt-store': { code: 'corrupt-store', path: '/a/store.git', problem: 'no HEAD' },
  'capture-failed': { code: 'capture-failed', path: 'src/a.ts', problem: 'vanished' },
  'tree-moved': { code: 'tree-moved', paths: ['a', 'b', 'c', 'd', 'e'] },
  'restore-blocked': { code: 'restore-blocked', problems: [{ path: 'ro', problem: 'read-only directory' }] },
  'nothing-to-undo': { code: 'nothing-to-undo' },
  'nothing-to-redo': { code: 'nothing-to-redo' },
  'pause-failed': { code: 'pause-failed', pauseId: 'z1', reason: 'pid 7 does not end', status: 'running' },
  'missing-module': {
    code: 'missing-module',
    module: 'better-sqlite3',
    problem: 'it was not built',
    run: 'npm rebuild better-sqlite3',
  },
  'missing-program': { code: 'missing-program', program: 'nope', agent: 'builder' },
  'missing-key': {
    code: 'missing-key',
    provider: 'anthropic',
    variable: 'ANTHROPIC_API_KEY',
    agent: 'writer',
  },
  'unknown-model': { code: 'unknown-model', model: 'x:y', problem: 'there is no provider x' },
  'model-refused': {
    code: 'model-refused',
    provider: 'anthropic',
    httpStatus: 401,
    problem: 'invalid key.\nSee the docs.',
    retryable: false,
  },
  'corrupt-recording': { code: 'corrupt-recording', path: 'w.ndjson', line: 3, problem: 'not JSON' },
  'no-space': { code: 'no-space', path: '/a' },
  'no-permission': { code: 'no-permission', path: '/a', doing: 'write' },
  'input-output': { code: 'input-output', path: '/a', doing: 'fsync', problem: 'EIO' },
  'not-merged': {
    code: 'not-merged',
    agent: 'ada',
    branch: 'codeframe/ada',
    worktree: '/data/worktrees/ada',
    problem: 'both it and main have changed a.txt',
  },
  'cannot-isolate': { code: 'cannot-isolate', problem: 'the project is in no git repository' },
  'git-failed': { code: 'git-failed', command: 'git write-tree', problem: 'exit 128' },
  'git-missing': { code: 'git-missing', found: null },
  'unfinished-work': { code: 'unfinished-work', problem: 'A restore was cut', next: 'codeframe doctor' },
};

describe('every failure', () => {
  test.each(Object.values(samples).map((failure) => [failure.code, failure] as const))(
    '%s has words',
    (_, failure) => {
      const { message, hint, exitCode, httpStatus } = failureWords(failure);
      expect(message).not.toMatch(/\n|[.!]$/);
      expect(message).not.toContain('undefined');
      expect(hint).toMatch(/[.?]$/);
      expect(hint).not.toMatch(/\n|undefined/);
      expect(Object.keys(exitCodes)).toContain(String(exitCode));
      expect(exitCode).toBeGreaterThan(1);
      expect(httpStatus).toBeGreaterThanOrEqual(400);
    },
  );
});

test('an unknown id names the nearest ones and the command that lists them', () => {
  const { message, hint } = failureWords(samples['unknown-id']);
  expect(message).toBe('There is no agent `writr`');
  expect(hint).toBe('Did you mean writer? `codeframe agent list` shows what there is.');
});

test('an owned project says who, where and since when', () => {
  const { message } = failureWords(samples['project-owned']);
  expect(message).toContain('`codeframe start` (pid 12 on here, since 2023-11-14T22:13:20.000Z)');
});

test('who waits for an owner that ends by itself is not told to end it', () => {
  const owned = samples['project-owned'];
  expect(failureWords(owned).hint).toContain('`codeframe pause`');
  expect(failureWords({ ...owned, command: 'codeframe checkpoint' }).hint).not.toContain('pause');
});

test('a long list is cut after three and counted', () => {
  expect(failureWords(samples['tree-moved']).message).toMatch(/: a; b; c; and 2 more$/);
});

test('a damaged database names its newest backup, which the store lists first', () => {
  expect(failureWords(samples['corrupt-database']).hint).toContain('/b1');
});

test("a provider's own words become one line without a full stop", () => {
  expect(failureWords(samples['model-refused']).message).toBe(
    'anthropic refused the call with 401: invalid key. See the docs',
  );
});
