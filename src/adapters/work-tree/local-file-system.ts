import { statfsSync } from 'node:fs';

/** File systems of this machine alone, whose changes all come by its kernel: by the number that `statfs` has for them. */
const localTypes = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

/** Whether this is on one that is known, on Linux; throws when nobody can say. */
export function isLocal(path: string): boolean {
  return process.platform === 'linux' && localTypes.has(statfsSync(path).type);
}
