import { readdirSync, readlinkSync } from 'node:fs';

/** A file that another process has open. */
export interface OpenFile {
  readonly pid: string;
  /** Its number in that process. */
  readonly fd: string;
  /** Its path, a character a byte; ` (deleted)` follows when its name is gone. */
  readonly target: string;
}

/** Linux. What other processes have open; nothing of those of another user, and nothing where the system does not tell. */
export function* openFiles(): Generator<OpenFile> {
  for (const pid of namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    for (const fd of namesIn(`/proc/${pid}/fd`)) yield { pid, fd, target: linkOf(pid, fd) };
  }
}

/** Empty for what is gone, or is not ours to read. */
function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function linkOf(pid: string, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`, { encoding: 'buffer' }).toString('latin1');
  } catch {
    return '';
  }
}
