import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { draftOf, file } from '../conformance/checkpoint-store.ts';
import { noise } from '../conformance/checkpoint-space.ts';
import { bundleFixture } from '../rig/bundle.ts';

const program = await bundleFixture(new URL('reclaim-program.ts', import.meta.url));

let place: string;
let count = 0;
beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-reclaim-')));
  count = 0;
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** A checkpoint that shares with the others, and has 20 KB that no other has. */
async function fill(store: ReturnType<typeof openGitCheckpoints>): Promise<string> {
  count += 1;
  const id = `c${count}`;
  await store.create(draftOf(id, [file('own', noise(20_000, count)), file('shared', noise(20_000, 0))]));
  return id;
}

async function reclaim(
  ids: readonly string[],
  options: { readonly step?: number; readonly path?: string } = {},
): Promise<{ readonly killed: boolean }> {
  const path = [...(options.path === undefined ? [] : [options.path]), process.env['PATH']].join(delimiter);
  const child = spawn(process.execPath, [program, place, String(options.step ?? 0), ...ids], {
    env: { ...process.env, PATH: path, PLACE: place },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the child ended with ${code}`);
  return { killed: signal === 'SIGKILL' };
}

/** Whatever was killed: what is listed is whole, a new one can be made, and a reclaim that is let live frees the rest. */
async function expectSound(): Promise<void> {
  const store = openGitCheckpoints({ path: join(place, 'store.git') });
  try {
    for (const id of await store.ids()) await store.verify(id);
    const next = await fill(store);
    await store.verify(next);
    const others = (await store.ids()).filter((id) => id !== next);
    await store.remove(others);
    expect(await store.reclaim()).not.toBeNull();
    await store.verify(next);
    expect(await store.diskBytes()).toBeLessThan(50_000);
    const left = readdirSync(join(place, 'store.git')).filter((name) =>
      /^(incoming|repack|reclaiming)-/.test(name),
    );
    expect(left).toEqual([]);
    expect(await store.cut()).toEqual([]);
  } finally {
    await store.close();
  }
}

async function three(): Promise<void> {
  const store = openGitCheckpoints({ path: join(place, 'store.git') });
  while ((await store.ids()).length < 3) await fill(store);
  await store.close();
}

describe('reclaiming that is killed', () => {
  it('at each of its steps loses no checkpoint, and the next one frees what it left', async () => {
    let died = 0;
    for (let step = 1; ; step++) {
      await three();
      const { killed } = await reclaim([`c${count}`], { step });
      await expectSound();
      if (!killed) break;
      died += 1;
    }
    expect(died).toBeGreaterThan(10);
  });

  it.each(['before', 'after'])('%s each of the git processes does neither', async (when) => {
    const bin = join(place, 'bin');
    mkdirSync(bin);
    let died = 0;
    for (let n = 1; ; n++) {
      await three();
      writeFileSync(join(bin, 'git'), killingGit(when, n), { mode: 0o755 });
      rmSync(join(place, 'calls'), { recursive: true, force: true });
      mkdirSync(join(place, 'calls'));
      const { killed } = await reclaim([`c${count}`], { path: bin });
      await expectSound();
      if (!killed) break;
      died += 1;
    }
    expect(died).toBeGreaterThan(3);
  });
});

/** A git that kills the process that started it, at its n-th start, before or after the real one did its work. */
function killingGit(when: string, n: number): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((dir) => join(dir, 'git'));
  const real = found.find((path) => existsSync(path)) ?? 'git';
  return `#!/bin/sh
n=1
until mkdir "$PLACE/calls/$n" 2>/dev/null; do n=$((n + 1)); done
if [ "$n" -eq ${n} ]; then
  ${when === 'before' ? 'kill -9 $PPID; exit 1' : `${real} "$@"; kill -9 $PPID; exit 1`}
fi
exec ${real} "$@"
`;
}

describe('reclaiming while others work', () => {
  it('loses nothing that is written, and is in the way of nobody who reads', async () => {
    const path = join(place, 'store.git');
    const [first, second, reader, tidy] = [1, 2, 3, 4].map(() => openGitCheckpoints({ path }));
    if (first === undefined || second === undefined || reader === undefined || tidy === undefined)
      throw new Error('four stores were opened');
    const kept = [await fill(first)];
    let over = false;
    let [written, read, freed] = [0, 0, 0];
    const write = async (store: typeof first): Promise<void> => {
      for (let i = 0; i < 12; i++) {
        const id = await fill(store);
        written += 1;
        // Every second one goes again, and the next is made of what it leaves.
        if (i % 2 === 0) kept.push(id);
        else await store.remove([id]);
      }
    };
    const keepReading = async (): Promise<void> => {
      while (!over) {
        for (const id of kept.slice()) await reader.verify(id);
        read += 1;
      }
    };
    const keepTidying = async (): Promise<void> => {
      while (!over) {
        if ((await tidy.reclaim()) !== null) freed += 1;
        await sleep(1);
      }
    };
    const others = [keepReading(), keepTidying()];
    await Promise.all([write(first), write(second)]).finally(() => (over = true));
    await Promise.all(others);
    expect((await tidy.ids()).toSorted()).toEqual(kept.toSorted());
    for (const id of kept) await tidy.verify(id);
    expect(written).toBe(24);
    expect(read).toBeGreaterThan(0);
    expect(freed).toBeGreaterThan(0);
    for (const store of [first, second, reader, tidy]) await store.close();
  });

  it('does not wait for a writer for ever: it says that it was not done', async () => {
    const { withoutWriters } = await import('../../src/adapters/checkpoint-git/store-turns.ts');
    mkdirSync(join(place, `incoming-${process.pid}-99`));
    expect(await withoutWriters(place, 50, async () => 'done')).toBe('busy');
    rmSync(join(place, `incoming-${process.pid}-99`), { recursive: true });
    expect(await withoutWriters(place, 50, async () => 'done')).toBe('done');
  });

  it('a writer does not wait for a reclaimer for ever: it says who is in the way', async () => {
    const { beginWriting } = await import('../../src/adapters/checkpoint-git/store-turns.ts');
    writeFileSync(join(place, `reclaiming-${process.pid}-99`), '');
    await expect(beginWriting(place, 50)).rejects.toMatchObject({
      failure: { code: 'store-busy', pid: process.pid },
    });
    expect(readdirSync(place)).toEqual([`reclaiming-${process.pid}-99`]);
  });
});
