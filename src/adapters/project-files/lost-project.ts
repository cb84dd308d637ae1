import { mkdirSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { isFailure } from '../../failure.ts';
import type { ProjectConfig } from '../../project/config.ts';
import { copyOfConfig, readConfigCopy } from './config-file.ts';
import { readIfThere, writeDurably } from '../durable-file.ts';
import { readOrigin, type KnownOrigin } from './origin.ts';

/** A project whose directory has lost its config, or is gone itself: `git clean -fdx` and `rm -rf` do that. */
export interface LostProject {
  readonly dir: string;
  readonly dataDir: string;
  readonly config: ProjectConfig;
}

/** Keeps what the config says beside the project's data, where no clean-up of an agent reaches it. */
export function keepConfig(config: ProjectConfig, dataDir: string): void {
  const path = join(dataDir, 'config.json');
  const text = copyOfConfig(config);
  if (readIfThere(path) !== text) writeDurably(path, text);
}

/**
 * The project that had `start`, or a directory above it, as its own: the nearest, and of several the one whose very
 * directory is still there, then the one that had it last; undefined when there is none. The directory is made again,
 * empty, when it is gone: a restore fills it.
 */
export function findLost(start: string, home: string): LostProject | undefined {
  const [found] = dataDirs(home)
    .flatMap((dataDir) => lostIn(dataDir, home))
    .filter(({ origin: { dir } }) => start === dir || start.startsWith(dir + sep))
    .toSorted(byNearness);
  if (found === undefined) return undefined;
  const { origin, dataDir, config } = found;
  mkdirSync(origin.dir, { recursive: true });
  return { dir: origin.dir, dataDir, config };
}

/** The project whose directory this is, though its config is gone; undefined also for a directory that was made anew. */
export function findUnnamed(dir: string, home: string): LostProject | undefined {
  const lost = findLost(dir, home);
  return lost?.dir === dir && readOrigin(lost.dataDir)?.isThere === true ? lost : undefined;
}

interface Candidate {
  readonly dataDir: string;
  readonly origin: KnownOrigin;
  readonly config: ProjectConfig;
}

function byNearness({ origin: a }: Candidate, { origin: b }: Candidate): number {
  return b.dir.length - a.dir.length || Number(b.isThere) - Number(a.isThere) || b.since - a.since;
}

function lostIn(dataDir: string, home: string): readonly Candidate[] {
  const found = readCandidate(dataDir);
  return found === null || join(home, 'projects', found.config.id) !== dataDir ? [] : [found];
}

/** Null also for what cannot be read: it is another project's, and no reason not to find this one. */
function readCandidate(dataDir: string): Candidate | null {
  try {
    const origin = readOrigin(dataDir);
    const config = origin === null ? null : readConfigCopy(join(dataDir, 'config.json'));
    return origin === null || config === null ? null : { dataDir, origin, config };
  } catch (error) {
    if (isFailure(error)) return null;
    throw error;
  }
}

function dataDirs(home: string): readonly string[] {
  const projects = join(home, 'projects');
  try {
    return readdirSync(projects).map((name) => join(projects, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
