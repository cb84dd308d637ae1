import { readdirSync, readlinkSync } from 'node:fs';

/**
 * Another process that has a file open, also one whose name is gone since; null when none is seen, as of another user, or
 * where the system does not tell.
 */
export function findOpener(path: string): number | null {
  const links = new Set([path, `${path} (deleted)`]);
  const others = namesIn('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const opener = others.find((pid) => namesIn(`/proc/${pid}/fd`).some((fd) => links.has(linkOf(pid, fd))));
  return opener === undefined ? null : Number(opener);
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
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}
