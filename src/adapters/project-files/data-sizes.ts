import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskParts } from '../../checkpoint/disk-report.ts';

/** The bytes of the files in a project's part of CODEFRAME_HOME. */
export function measureData(dataDir: string): DiskParts {
  const parts = { store: 0, database: 0, logs: 0, backups: 0, journal: 0, others: 0 };
  for (const name of namesIn(dataDir)) parts[partOf(name)] += bytesBelow(join(dataDir, name));
  return parts;
}

function partOf(name: string): keyof DiskParts {
  if (name.startsWith('store.git')) return 'store';
  if (name.startsWith('state.db')) return 'database';
  if (name === 'logs' || name === 'backups' || name === 'journal') return name;
  return 'others';
}

function bytesBelow(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.size;
  return namesIn(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0);
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    // Taken away meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
