import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../../src/adapters/store-sqlite/driver.ts';
import { isFailure } from '../../../src/failure.ts';
import type { ProjectPorts } from '../../../src/runner/ports.ts';
import { CaseProject } from '../../rig/case-project.ts';
import { until } from '../../rig/scene.ts';

describe('files that move while they are captured or restored', () => {
  it('25. gone, with their directory, grown, cut short, replaced: one whole state each, or listed', async () => {
    let strike: (() => void) | undefined;
    await using project = await CaseProject.make({
      wrapPorts: (ports) => afterScan(ports, () => strike?.()),
    });
    const names = ['gone', 'dir/gone', 'grown', 'cut', 'rewritten', 'replaced', 'calm'];
    for (const name of names) project.write(name, `${name} at first `.repeat(20_000));
    await project.checkpoint();
    const late: Readonly<Record<string, string>> = {
      grown: `${readFileSync(project.path('grown'), 'latin1')}and more`,
      cut: 'c',
      rewritten: 'r'.repeat(lstatSync(project.path('rewritten')).size),
      replaced: 'another file by now',
    };
    for (const name of names) project.write(name, `${name} at second `.repeat(20_000));
    strike = (): void => {
      strike = undefined;
      project.remove('gone');
      project.remove('dir');
      for (const name of ['grown', 'cut', 'rewritten']) writeFileSync(project.path(name), late[name] ?? '');
      writeFileSync(project.path('new'), late['replaced'] ?? '');
      renameSync(project.path('new'), project.path('replaced'));
    };
    const id = await project.checkpoint();
    expect(await project.uncovered(id)).toEqual([]);
    const now = project.facts();
    for (const name of Object.keys(late)) project.remove(name);
    await project.restore(id);
    // The directory was there when it was looked at; what was in it was not any more.
    rmSync(project.path('dir'), { recursive: true });
    expect(project.facts()).toEqual(now);
  });

  it('25. rewritten without an end: never torn, only one of its states or listed', async () => {
    await using project = await CaseProject.make({ git: false });
    const size = 300_000;
    project.write('busy', '0'.repeat(size));
    const writer = script(
      `let n = 0; for (;;) fs.writeFileSync('busy', String(n++ % 10).repeat(${size}));`,
      project.root,
    );
    try {
      const { mtimeMs } = lstatSync(project.path('busy'));
      await until('a first write', async () => lstatSync(project.path('busy')).mtimeMs !== mtimeMs);
      const ids = [];
      for (let time = 0; time < 5; time++) ids.push(await project.checkpoint());
      await stop(writer);
      for (const id of ids) {
        const listed = await project.uncovered(id);
        if (listed.length > 0) expect(listed).toEqual([['busy', 'changing']]);
        rmSync(project.path('busy'), { force: true });
        await project.restore(id);
        const text = existsSync(project.path('busy')) ? readFileSync(project.path('busy'), 'latin1') : null;
        if (listed.length > 0) expect(text).toBeNull();
        // It is cut before it is written, so also a part of the new text is a state that it was in.
        else expect(new Set(text).size).toBeLessThanOrEqual(1);
      }
    } finally {
      await stop(writer);
    }
  });

  it.each([
    ['26. a log that is appended to for ever', `fs.appendFileSync('busy/log', 'a line\\n')`],
    [
      '28. a watcher that makes files anew',
      `fs.rmSync('busy', { recursive: true, force: true }); fs.mkdirSync('busy'); for (const name of 'abc') fs.writeFileSync('busy/' + name, String(process.hrtime.bigint()))`,
    ],
  ])('%s: a restore comes out whole or changes nothing', async (_, work) => {
    await using project = await CaseProject.make({ git: false });
    for (const name of ['one', 'two', 'busy/log']) project.write(name, 'saved');
    const saved = calm(project);
    const id = await project.checkpoint();
    for (const name of ['one', 'two']) project.write(name, 'edited');
    const edited = calm(project);
    const writer = script(`for (;;) { try { ${work} } catch {} }`, project.root);
    try {
      await until('a first write', async () => existsSync(project.path('busy/a')) || busySize(project) > 10);
      const ends = new Set<string>();
      for (let time = 0; time < 8; time++) {
        const thrown = await project.restore(id).catch((error: unknown) => error);
        const failed = thrown instanceof Error;
        if (failed && !isFailure(thrown, 'tree-moved') && !isFailure(thrown, 'restore-blocked')) throw thrown;
        expect(calm(project)).toEqual(failed ? edited : saved);
        ends.add(failed ? 'refused' : 'restored');
        if (!failed) await project.undo().catch(() => project.write('one', 'edited'));
        for (const name of ['one', 'two']) project.write(name, 'edited');
      }
      console.log(`a busy tree: ${[...ends].join(', ')}`);
    } finally {
      await stop(writer);
    }
    await project.restore(id);
    expect(calm(project)).toEqual(saved);
    expect(readFileSync(project.path('busy/log'), 'utf8')).toBe('saved');
  });

  it('27. a SQLite database with its log beside it comes back whole', async () => {
    await using project = await CaseProject.make();
    const open = () => new (sqliteDriver())(project.path('data.db'));
    const first = open();
    first.exec('PRAGMA journal_mode=WAL; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2)');
    const id = await project.checkpoint();
    first.exec('INSERT INTO t VALUES (3)');
    first.close();
    for (const name of ['data.db', 'data.db-wal', 'data.db-shm']) rmSync(project.path(name), { force: true });
    await project.restore(id);
    const again = open();
    expect(again.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    expect(again.prepare('SELECT n FROM t ORDER BY n').all()).toEqual([{ n: 1 }, { n: 2 }]);
    again.close();
  });

  it('29. what editors put beside a file, and a save by rename in the middle of a restore', async () => {
    const strike: { now?: () => void } = {};
    await using project = await CaseProject.make({
      wrapPorts: (ports) => beforeApply(ports, () => strike.now?.()),
    });
    project.write('text', 'saved');
    project.write('.text.swp', Buffer.from('b0VIM 9.0\0'));
    project.write('text~', 'backup');
    project.write('#text#', 'autosave');
    project.link('user@host.1234:1700000000', '.#text');
    const id = await project.comesBack(() => {
      for (const name of ['.text.swp', 'text~', '#text#', '.#text']) project.remove(name);
      project.write('text', 'edited');
    });
    project.write('other', 'edited');
    strike.now = (): void => {
      writeFileSync(project.path('4913'), 'saved by the editor');
      renameSync(project.path('4913'), project.path('text'));
    };
    const before = project.facts();
    await expect(project.restore(id)).rejects.toMatchObject({
      failure: { code: 'tree-moved', paths: ['text'] },
    });
    expect(readFileSync(project.path('text'), 'utf8')).toBe('saved by the editor');
    const after = new Map([...project.facts()].filter(([name]) => name !== 'text'));
    expect(after).toEqual(new Map([...before].filter(([name]) => name !== 'text')));
  });
});

function calm(project: CaseProject): readonly string[] {
  return ['one', 'two'].map((name) => readFileSync(project.path(name), 'utf8'));
}

function busySize(project: CaseProject): number {
  return lstatSync(project.path('busy/log'), { throwIfNoEntry: false })?.size ?? 0;
}

function script(text: string, cwd: string): ChildProcess {
  return spawn(process.execPath, ['-e', `const fs = require('node:fs'); ${text}`], { cwd, stdio: 'ignore' });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Something happens between the scan of the tree and the reading of its files. */
function afterScan(ports: ProjectPorts, happens: () => void): ProjectPorts {
  const scan = ports.tree.scan.bind(ports.tree);
  ports.tree.scan = async (options) => {
    const found = await scan(options);
    happens();
    return found;
  };
  return ports;
}

function beforeApply(ports: ProjectPorts, happens: () => void): ProjectPorts {
  const apply = ports.writer.apply.bind(ports.writer);
  ports.writer.apply = (restoreId) => {
    happens();
    return apply(restoreId);
  };
  return ports;
}
