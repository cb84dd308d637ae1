import { createHash } from 'node:crypto';
import type { ProjectPath } from './project-path.ts';
import { openRegular, PathRefused } from './project-path.ts';

/** Larger files are for commands, not for a prompt. */
const FILE_MAX_BYTES = 5 * 1024 * 1024;

export interface FileText {
  readonly text: string;
  readonly sha256: string;
  readonly mode: number;
}

/** A file's text. Throws `PathRefused` for what is no text file of a reasonable size. */
export async function readText(path: ProjectPath): Promise<FileText> {
  const file = await openRegular(path);
  try {
    const stat = await file.stat();
    if (stat.size > FILE_MAX_BYTES)
      throw new PathRefused(
        `${path.name} is too large to read (${stat.size} bytes); use search_files or a command.`,
      );
    const bytes = await file.readFile();
    return { text: textOf(bytes, path.name), sha256: sha256Of(bytes), mode: stat.mode & 0o7777 };
  } finally {
    await file.close();
  }
}

export function sha256Of(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

const BINARY_LOOK_BYTES = 8_000;

function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, BINARY_LOOK_BYTES).includes(0);
}

/** An edit of text that did not survive decoding would destroy the file, so such a file counts as binary. */
function textOf(bytes: Buffer, name: string): string {
  if (isBinary(bytes)) throw new PathRefused(`${name} is a binary file (${bytes.length} bytes).`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PathRefused(`${name} is not a text file in UTF-8 (${bytes.length} bytes).`);
  }
}
