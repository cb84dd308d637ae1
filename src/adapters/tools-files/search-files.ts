import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ToolResult } from '../../agent/tool.ts';
import { toolError } from '../../agent/tool.ts';
import { defineTool } from './define-tool.ts';
import { readText } from './file-text.ts';
import { wantedBy } from './list-files.ts';
import type { ProjectPath } from './project-path.ts';
import { asRefusal, findPath, PathRefused } from './project-path.ts';
import { RegexWorker } from './regex-worker.ts';
import { walkFiles } from './walk.ts';

const MATCHES_MAX = 200;
const FILES_MAX = 20_000;
const FILE_MAX_BYTES = 1024 * 1024;
const LINE_MAX_CHARS = 300;
const SEARCH_MAX_MS = 15_000;

const inputSchema = z.strictObject({
  query: z.string().min(1).describe('The text to find, or a JavaScript regular expression.'),
  regex: z.boolean().optional().describe('Take query for a regular expression.'),
  ignore_case: z.boolean().optional(),
  path: z.string().min(1).optional().describe('A directory or file, relative to the project.'),
  glob: z.string().min(1).optional().describe('Only files whose path matches, e.g. *.ts'),
});

type Input = z.infer<typeof inputSchema>;

export const searchFilesTool = defineTool({
  name: 'search_files',
  description: `Find lines in the project's text files. Gives path:line: text, at most ${MATCHES_MAX} of them. Without a glob, node_modules is left out.`,
  input: inputSchema,
  effect: 'pure',
  describe: ({ query, path }) => (path === undefined ? query : `${query} in ${path}`),
  async run(input, context) {
    const pattern = patternOf(input);
    if (pattern === null) return toolError(`${input.query} is not a valid regular expression.`);
    const found = await findPath(context.projectDir, input.path ?? '.');
    const timeout = AbortSignal.timeout(SEARCH_MAX_MS);
    const search = { found, pattern, lines: [], signal: AbortSignal.any([context.signal, timeout]) };
    try {
      return asResult(search.lines, await searchAll(search, input));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!timeout.aborted) throw error;
      return asResult(search.lines, `stopped after ${SEARCH_MAX_MS / 1000} s: search for less`);
    }
  },
});

interface Search {
  readonly found: ProjectPath;
  readonly pattern: RegExp;
  readonly signal: AbortSignal;
  /** What was found so far. */
  readonly lines: string[];
}

function patternOf(input: Input): RegExp | null {
  const source = input.regex === true ? input.query : input.query.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  try {
    return new RegExp(source, input.ignore_case === true ? 'iu' : 'u');
  } catch {
    return null;
  }
}

/** Answers why there may be more than what it found, or null. */
async function searchAll(search: Search, input: Input): Promise<string | null> {
  const { found, signal, lines } = search;
  const { names, cutOff } = await namesIn(found, input, signal);
  await using worker = new RegexWorker(search.pattern);
  for (const name of names) {
    signal.throwIfAborted();
    const path = {
      ...found,
      real: join(found.real, name),
      name: [found.name, name].filter(isNamed).join('/'),
    };
    const text = await searchable(path);
    if (text === null) continue;
    const all = text.split('\n');
    for (const index of await worker.matching(all, signal)) {
      if (lines.length >= MATCHES_MAX) return `only the first ${MATCHES_MAX} are shown: search for less`;
      lines.push(`${path.name}:${index + 1}: ${(all[index] ?? '').trim().slice(0, LINE_MAX_CHARS)}`);
    }
  }
  return cutOff ? `only the first ${FILES_MAX} files were searched` : null;
}

function isNamed(part: string): boolean {
  return part !== '' && part !== '.';
}

async function namesIn(
  found: ProjectPath,
  input: Input,
  signal: AbortSignal,
): Promise<{ readonly names: readonly string[]; readonly cutOff: boolean }> {
  const place = await stat(found.real).catch((error: unknown) => {
    throw asRefusal(error, found.name);
  });
  if (!place.isDirectory()) return { names: [''], cutOff: false };
  return walkFiles(found.real, { wanted: wantedBy(input.glob), max: FILES_MAX, signal });
}

/** The text of a file that can be searched; null for what is no text, too large, gone, or leads elsewhere. */
async function searchable(path: ProjectPath): Promise<string | null> {
  try {
    const { size } = await stat(path.real);
    return size > FILE_MAX_BYTES ? null : (await readText(path)).text;
  } catch (error) {
    if (error instanceof PathRefused || (error instanceof Error && 'code' in error)) return null;
    throw error;
  }
}

function asResult(lines: readonly string[], why: string | null): ToolResult {
  const more = why === null ? '' : `[${why}]`;
  const text = [...(lines.length === 0 ? ['(nothing found)'] : lines), more].filter((line) => line !== '');
  return { text: text.join('\n'), isError: false };
}
