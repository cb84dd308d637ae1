import type { AgentHomes, SessionFile } from '../agent/home.ts';
import { isFailure } from '../failure.ts';
import type { CheckpointStore, PartDraft, StoredCheckpoint } from './checkpoint-store.ts';
import { nameOfPart, partName } from './part-name.ts';
import type { AllRows } from './parts.ts';

export interface SessionPartPorts {
  readonly checkpoints: Pick<CheckpointStore, 'open'>;
  /** Left out where no agent has a HOME of its own. */
  readonly homes?: AgentHomes;
}

/**
 * The session files of all agents that have some, as parts `context/<agent>/home/…`. Files that a restore has not put in
 * place yet, or that somebody has deleted since, are taken from the checkpoint that has them.
 */
export async function sessionParts(ports: SessionPartPorts, rows: AllRows): Promise<readonly PartDraft[]> {
  if (ports.homes === undefined) return [];
  const parts: PartDraft[] = [];
  for (const home of rows.homes) {
    const agent = rows.agents.find(({ name }) => name === home.agent);
    if (agent === undefined || home.sessionId === null) continue;
    const files =
      (home.fromId === null ? await ports.homes.sessionFiles(agent) : null) ??
      (await savedFiles(ports, { agent: home.agent, fromId: home.fromId, rows }));
    for (const { path, bytes } of files) parts.push({ path: partPath(home.agent, path), bytes });
  }
  return parts;
}

/** The session files of an agent that a checkpoint holds; none when it holds none. */
export async function sessionFilesIn(
  stored: StoredCheckpoint,
  agent: string,
): Promise<readonly SessionFile[]> {
  const prefix = partPath(agent, '');
  const files: SessionFile[] = [];
  for (const path of await stored.partPaths(prefix)) {
    const names = path.slice(prefix.length).split('/').map(nameOfPart);
    files.push({ path: names.join('/'), bytes: await stored.part(path) });
  }
  return files;
}

/** From the checkpoint that was restored, else from the newest that has any. */
export async function savedFiles(
  ports: Pick<SessionPartPorts, 'checkpoints'>,
  wanted: {
    readonly agent: string;
    readonly fromId: string | null;
    readonly rows: Pick<AllRows, 'checkpoints'>;
  },
): Promise<readonly SessionFile[]> {
  const newestFirst = wanted.rows.checkpoints.toSorted((a, b) => b.createdAt - a.createdAt);
  const ids = wanted.fromId === null ? newestFirst.map(({ id }) => id) : [wanted.fromId];
  for (const id of ids) {
    const files = await filesOf(ports, { id, agent: wanted.agent });
    if (files.length > 0) return files;
  }
  return [];
}

async function filesOf(
  ports: Pick<SessionPartPorts, 'checkpoints'>,
  of: { readonly id: string; readonly agent: string },
): Promise<readonly SessionFile[]> {
  try {
    return await sessionFilesIn(await ports.checkpoints.open(of.id), of.agent);
  } catch (error) {
    // Its ref was deleted; an older one may have them.
    if (isFailure(error, 'unknown-id')) return [];
    throw error;
  }
}

function partPath(agent: string, path: string): string {
  const names = path.split('/').map((name) => (name === '' ? '' : partName(name)));
  return `context/${partName(agent)}/home/${names.join('/')}`;
}
