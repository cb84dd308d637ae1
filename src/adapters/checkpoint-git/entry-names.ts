import type { TreePath } from '../../checkpoint/tree.ts';

/**
 * Some names can be in a directory but not in a git tree: git refuses to import them, or a remote to take them. They are
 * `.git` in any spelling that some file system takes for it (case, NTFS short names and streams, characters that HFS+
 * ignores), and links named like git's own files. Such a name is stored as this prefix and its bytes in hexadecimal,
 * and so is a name that starts with the prefix.
 */
const escapePrefix = '.codeframe-name-';

export function storedPath(path: TreePath, isLink: boolean): string {
  // Nearly every path has neither, and this is asked for every path.
  if (!/git|gi7|mailma|codeframe-name|~\d|[^\0-\x7f]/i.test(path)) return path;
  const names = path.split('/');
  const last = names.length - 1;
  return names.map((name, i) => (mustEscape(name, isLink && i === last) ? escapeName(name) : name)).join('/');
}

export function pathOfStored(stored: string): TreePath {
  return stored.includes(escapePrefix) ? stored.split('/').map(unescapeName).join('/') : stored;
}

function mustEscape(name: string, isLink: boolean): boolean {
  if (name.startsWith(escapePrefix)) return true;
  // What NTFS takes for the name ends at a colon, and spaces and dots at the end do not count; HFS+ skips some of Unicode.
  const names = name.split(/[\\:]/).map((part) =>
    part
      .replace(/[^\0-\x7f]/g, '')
      .toLowerCase()
      .replace(/[. ]+$/, ''),
  );
  return names.some((part) => part === '.git' || /^git~\d/.test(part) || (isLink && isGitFile(part)));
}

function isGitFile(name: string): boolean {
  return /^\.(gitmodules|gitattributes|gitignore|mailmap)$|^(gitmod|gi7eba|gi7d29|gi250a|gitatt|gitign|mailma|ma)[0-9a-f]*~/.test(
    name,
  );
}

function escapeName(name: string): string {
  return escapePrefix + Buffer.from(name, 'latin1').toString('hex');
}

function unescapeName(name: string): string {
  if (!name.startsWith(escapePrefix)) return name;
  return Buffer.from(name.slice(escapePrefix.length), 'hex').toString('latin1');
}
