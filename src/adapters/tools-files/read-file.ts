import { z } from 'zod';
import { defineTool } from './define-tool.ts';
import { readText } from './file-text.ts';
import { findPath } from './project-path.ts';

const LINES_MAX = 2_000;
const LINE_MAX_CHARS = 2_000;
const TEXT_MAX_CHARS = 60_000;

export const readFileTool = defineTool({
  name: 'read_file',
  description: `Read a text file, as it is, without line numbers. At most ${LINES_MAX} lines come at once: use offset and limit for more.`,
  input: z.strictObject({
    path: z.string().min(1).describe('Relative to the project.'),
    offset: z.number().int().min(1).optional().describe('First line to show; the first line of a file is 1.'),
    limit: z.number().int().min(1).optional().describe('How many lines to show.'),
  }),
  effect: 'pure',
  describe: ({ path }) => path,
  async run({ path, offset = 1, limit = LINES_MAX }, context) {
    const found = await findPath(context.projectDir, path);
    const { text, sha256 } = await readText(found);
    return { text: windowOf(text, { offset, limit }), isError: false, path: found.name, sha256 };
  },
});

function windowOf(text: string, window: { readonly offset: number; readonly limit: number }): string {
  if (text === '') return '(the file is empty)';
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const from = window.offset - 1;
  if (from >= lines.length) return `(the file has only ${lines.length} lines)`;
  const wanted = lines.slice(from, from + Math.min(window.limit, LINES_MAX));
  const shown = withinSize(wanted.map(shorten));
  const isWhole = from === 0 && shown.length === lines.length;
  if (isWhole && shown.every((line, index) => line === lines[index])) return text;
  const rest = `[lines ${window.offset} to ${from + shown.length} of ${lines.length}]`;
  return `${shown.join('\n')}\n${rest}`;
}

function shorten(line: string): string {
  if (line.length <= LINE_MAX_CHARS) return line;
  return `${line.slice(0, LINE_MAX_CHARS)}… [${line.length - LINE_MAX_CHARS} characters more in this line]`;
}

function withinSize(lines: readonly string[]): readonly string[] {
  let size = 0;
  const end = lines.findIndex((line) => (size += line.length + 1) > TEXT_MAX_CHARS);
  return end === -1 ? lines : lines.slice(0, Math.max(1, end));
}
