import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { adoptCheckpoints } from '../../src/checkpoint/adopt-checkpoints.ts';
import { createCheckpoint } from '../../src/checkpoint/create-checkpoint.ts';
import { bundleFixture } from '../rig/bundle.ts';
import { openCapture } from './capture-ports.ts';
import { seed } from '../rig/same-everywhere.ts';

const program = await bundleFixture(new URL('capture-program.ts', import.meta.url));

let place: string;
beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-capture-')));
  mkdirSync(join(place, 'project/sub'), { recursive: true });
  mkdirSync(join(place, 'data'));
  for (const name of ['a', 'b', 'sub/c'])
    writeFileSync(join(place, 'project', name), `${name}\n`.repeat(500));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Runs a capture in a child; `path` goes before PATH, `killMs` ends it from outside. Answers what it acknowledged. */
async function capture(
  id: string,
  options: {
    readonly step?: number;
    readonly call?: number;
    readonly path?: string;
    readonly killMs?: number;
  } = {},
): Promise<{ readonly acknowledged: boolean; readonly killed: boolean }> {
  const path = [...(options.path === undefined ? [] : [options.path]), process.env['PATH']].join(delimiter);
  const numbers = [options.step ?? 0, options.call ?? 0].map(String);
  const child = spawn(process.execPath, [program, place, id, ...numbers], {
    env: { ...process.env, PATH: path, PLACE: place },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, 'close');
  if (options.killMs !== undefined) {
    await Promise.race([ended, sleep(options.killMs)]);
    child.kill('SIGKILL');
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the child ended with ${code}: ${complaint}`);
  return { acknowledged: said.includes(id), killed: signal === 'SIGKILL' };
}

/** What must be true after any kill: all or nothing, and the next checkpoint works. */
async function expectSound(id: string, acknowledged: boolean): Promise<void> {
  const store = await openSqliteStore({
    path: join(place, 'data/state.db'),
    backupsDir: join(place, 'data/backups'),
  });
  const ports = openCapture(place, { store });
  try {
    const there = await ports.checkpoints.ids();
    const rows = (await store.read((tx) => tx.list('checkpoints'))).map((row) => row.id);
    if (acknowledged) expect(there).toContain(id);
    for (const row of rows) expect(there).toContain(row);
    const adopted = await adoptCheckpoints(ports);
    expect(adopted.toSorted()).toEqual(there.filter((one) => !rows.includes(one)).toSorted());
    expect((await store.read((tx) => tx.list('checkpoints'))).map((row) => row.id).toSorted()).toEqual(
      there.toSorted(),
    );
    if (there.includes(id)) await ports.checkpoints.verify(id);
    await ports.checkpoints.check();
    const again = await createCheckpoint(ports, { trigger: 'manual', createdBy: 'test' });
    await ports.checkpoints.verify(again.row.id);
    expect(again.manifest.files).toBe(3);
    expect(readdirSync(join(place, 'project')).toSorted()).toEqual(['a', 'b', 'sub']);
  } finally {
    await ports.checkpoints.close();
    await store.close();
  }
}

describe('a capture that is killed', () => {
  it('at each step leaves a whole checkpoint or none, and does not block the next', async () => {
    let died = 0;
    for (let step = 1; ; step++) {
      appendFileSync(join(place, 'project/a'), `${step}\n`);
      const id = `ckill${step}`;
      const { acknowledged, killed } = await capture(id, { step });
      await expectSound(id, acknowledged);
      if (!killed) break;
      expect(acknowledged).toBe(false);
      died += 1;
    }
    expect(died).toBeGreaterThan(12);
  });

  it.each(['before', 'after'])(
    '%s each of the git processes leaves a whole checkpoint or none',
    async (when) => {
      const bin = join(place, 'bin');
      mkdirSync(bin);
      let died = 0;
      for (let n = 1; ; n++) {
        appendFileSync(join(place, 'project/a'), `${n}\n`);
        writeFileSync(join(bin, 'git'), killingGit(when, n), { mode: 0o755 });
        rmSync(join(place, 'calls'), { recursive: true, force: true });
        mkdirSync(join(place, 'calls'));
        const { acknowledged, killed } = await capture(`cgit${n}`, { path: bin });
        await waitForGit();
        await expectSound(`cgit${n}`, acknowledged);
        if (!killed) break;
        died += 1;
      }
      // One is left: it says what is ignored.
      expect(died).toBeGreaterThan(0);
    },
  );

  it('before each call that writes a file leaves a whole checkpoint or none', async () => {
    let died = 0;
    for (let call = 1; ; call++) {
      appendFileSync(join(place, 'project/a'), `${call}\n`);
      const { acknowledged, killed } = await capture(`ccall${call}`, { call });
      await expectSound(`ccall${call}`, acknowledged);
      if (!killed) break;
      died += 1;
    }
    expect(died).toBeGreaterThan(12);
  });

  it(`at any time leaves a whole checkpoint or none, 15 times (seed ${seed})`, async () => {
    let random = seed;
    for (let n = 0; n < 15; n++) {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      appendFileSync(join(place, 'project/sub/c'), 'more\n');
      const killMs = 60 + (random / 2_147_483_648) * 240;
      const { acknowledged } = await capture(`crandom${n}`, { killMs });
      await expectSound(`crandom${n}`, acknowledged);
    }
  });

  it('leaves a lock that is not in the way of the next one with its id, however young it is', async () => {
    const ports = openCapture(place);
    await createCheckpoint(ports, { trigger: 'manual', createdBy: 'test' });
    const refs = join(place, 'data/store.git/refs/checkpoints');
    for (const name of ['clocked.lock', 'clocked.4999999-1.lock']) writeFileSync(join(refs, name), '');
    await createCheckpoint(ports, { id: 'clocked', trigger: 'manual', createdBy: 'test' });
    await ports.checkpoints.verify('clocked');
    await ports.checkpoints.close();
  });
});

/** A git that kills the process that started it, at its n-th start, before or after the real one did its work. */
function killingGit(when: string, n: number): string {
  const real = execPath();
  return `#!/bin/sh
n=1
until mkdir "$PLACE/calls/$n" 2>/dev/null; do n=$((n + 1)); done
if [ "$n" -eq ${n} ]; then
  ${when === 'before' ? 'kill -9 $PPID; exit 1' : `${real} "$@"; kill -9 $PPID; exit 1`}
fi
exec ${real} "$@"
`;
}

function execPath(): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, 'git'));
  return found.find((path) => existsSync(path)) ?? 'git';
}

/** The killed process's git goes on until it notices: wait for the files that it holds to be gone. */
async function waitForGit(): Promise<void> {
  const running = (): boolean =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .some((pid) => environmentOf(pid).includes(`GIT_DIR=${place}/data/store.git`));
  while (running()) await sleep(10);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // It has ended.
    return '';
  }
}
