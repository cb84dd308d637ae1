import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty directory for files that are only looked at, and one beside it for what is kept of them. */
export interface DrillDirectory {
  /** Absolute, links resolved. */
  readonly root: string;
  readonly dataDir: string;
  /** Takes both away with all that is in them. May be called twice. */
  remove(): void;
}

/** In the system's place for temporary files (`TMPDIR`), for this user alone. */
export function makeDrillDirectory(): DrillDirectory {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-drill-')));
  const [root, dataDir] = [join(made, 'project'), join(made, 'data')];
  mkdirSync(root);
  mkdirSync(dataDir);
  return {
    root,
    dataDir,
    remove() {
      unlock(made);
      rmSync(made, { recursive: true, force: true });
    },
  };
}

/** What lies in a directory that may not be written can only be deleted when it may. */
function unlock(directory: string | Buffer): void {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return;
  chmodSync(directory, 0o700);
  // Names as bytes: not all of them are text.
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    unlock(Buffer.concat([Buffer.from(directory), Buffer.from('/'), name]));
  }
}
