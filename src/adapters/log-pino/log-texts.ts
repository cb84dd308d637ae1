import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The texts of all files in a directory of logs, those of agents included; none where there is no such directory. */
export async function* logTexts(
  dir: string,
): AsyncGenerator<{ readonly name: string; readonly text: string }> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    // Rotated away meanwhile: it was read, or will be, under its next name.
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) yield { name: relative(dir, file), text };
  }
}
