import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { buildMessages } from '../../src/agent/transcript.ts';
import type { StepRow } from '../../src/agent/step.ts';
import type { ContextItemRow } from '../../src/context/item.ts';
import { legalProblem } from './legal.ts';
import type { Scene } from './scene.ts';

/**
 * What must hold whatever was killed: histories that a provider takes, one result a call, no repeat that is not
 * flagged, no effect twice. Read past the program, from its database and the effects' own log.
 */
export async function expectSound(scene: Scene): Promise<void> {
  const { items, steps, agents } = await readDatabase(scene);
  for (const agent of agents) {
    const own = items.filter((item) => item.agent === agent);
    expect(legalProblem(buildMessages(own))).toBeNull();
    expect(repeated(own.filter(({ kind }) => kind === 'result').map(({ callId }) => callId))).toEqual([]);
  }
  expect(unflaggedRepeats(steps)).toEqual([]);
  expect(repeated(await effects(scene))).toEqual([]);
}

/** The rows as they are on disk, read without the program. */
export async function readDatabase(scene: Scene): Promise<{
  readonly items: readonly ContextItemRow[];
  readonly steps: readonly StepRow[];
  readonly agents: readonly string[];
  readonly checkpoints: readonly string[];
  readonly tasks: readonly number[];
}> {
  const projects = path.join(scene.home, 'projects');
  const [id = ''] = await readdir(projects);
  const dataDir = path.join(projects, id);
  const store = await openSqliteStore({
    path: path.join(dataDir, 'state.db'),
    backupsDir: path.join(dataDir, 'backups'),
    create: false,
  });
  try {
    return await store.read(async (tx) => ({
      items: await tx.list('context_items'),
      steps: await tx.list('steps'),
      agents: (await tx.list('agents')).map(({ name }) => name),
      checkpoints: (await tx.list('checkpoints')).map((row) => row.id),
      tasks: (await tx.list('tasks')).map((row) => row.id),
    }));
  } finally {
    await store.close();
  }
}

/** Tool calls that were begun again without saying so. */
function unflaggedRepeats(steps: readonly StepRow[]): readonly string[] {
  const begun = new Set<string>();
  const wrong: string[] = [];
  for (const step of steps) {
    if (step.callId === null) continue;
    const key = `${step.agent} ${step.parentId} ${step.callId}`;
    if (begun.has(key) && step.repeats === null) wrong.push(step.id);
    begun.add(key);
  }
  return wrong;
}

async function effects(scene: Scene): Promise<readonly string[]> {
  const text = await readFile(path.join(scene.dir, '..', 'effects.log'), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').filter((line) => line !== '');
}

function repeated<T>(values: readonly T[]): readonly T[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}
