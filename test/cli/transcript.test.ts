import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { makeNormaliser, makeWorkplace, runShell, type CliResult } from '../rig/cli.ts';

/**
 * Each `*.transcript` is a scenario: `## ` before words about it, `$ ` before a line of shell, then what it prints (`2> ` before lines of standard
 * error) and `[code]` when it does not end with 0. UPDATE=1 writes them anew from what the program does: read the diff.
 */
const directory = fileURLToPath(new URL('./transcripts', import.meta.url));
const files = (await readdir(directory)).filter((file) => file.endsWith('.transcript')).sort();

/** Scenarios of 20 to 40 programs each; a busy machine takes its time. */
const replayMs = 900_000;

test.concurrent.each(files)('%s', { timeout: replayMs }, async (file) => {
  const path = join(directory, file);
  const wanted = await readFile(path, 'utf8');
  const actual = await replay(wanted);
  if (process.env['UPDATE'] === '1') await writeFile(path, actual);
  else expect(actual).toBe(wanted);
});

async function replay(transcript: string): Promise<string> {
  await using place = await makeWorkplace();
  const normalise = makeNormaliser(place);
  const lines: string[] = [];
  for (const line of transcript.split('\n')) {
    if (line.startsWith('## ') || (line === '' && isBetween(lines))) lines.push(line);
    if (!line.startsWith('$ ')) continue;
    const result = await runShell(line.slice(2), { cwd: place.dir, home: place.home });
    lines.push(line, ...outcome(result, normalise), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Blank lines stand after an outcome by themselves; those after a comment are kept. */
function isBetween(lines: readonly string[]): boolean {
  return lines.at(-1)?.startsWith('## ') === true;
}

function outcome(
  { stdout, stderr, exitCode }: CliResult,
  normalise: (text: string) => string,
): readonly string[] {
  const split = (text: string): readonly string[] =>
    text === '' ? [] : normalise(text).trimEnd().split('\n');
  return [
    ...split(stdout),
    ...split(stderr).map((line) => `2> ${line}`.trimEnd()),
    ...(exitCode === 0 ? [] : [`[${exitCode ?? 'killed'}]`]),
  ];
}
