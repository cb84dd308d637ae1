import { mkdirSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { ProjectConfig } from '../../project/config.ts';
import { copyOfConfig, readConfigCopy } from './config-file.ts';
import { readIfThere, writeDurably } from './durable-file.ts';
import { readOrigin } from './origin.ts';

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
 * The project that had `start`, or a directory above it, as its own; undefined when there is none. The directory is
 * made again, empty, when it is gone: a restore fills it.
 */
export function findLost(start: string, home: string): LostProject | undefined {
  for (const dataDir of dataDirs(home)) {
    const dir = readOrigin(dataDir)?.dir;
    if (dir === undefined || (start !== dir && !start.startsWith(dir + sep))) continue;
    const config = readConfigCopy(join(dataDir, 'config.json'));
    if (config === null || join(home, 'projects', config.id) !== dataDir) continue;
    mkdirSync(dir, { recursive: true });
    return { dir, dataDir, config };
  }
  return undefined;
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
