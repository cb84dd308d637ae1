import { z } from 'zod';
import type { ToolContext, ToolResult } from '../../agent/tool.ts';
import { toolError } from '../../agent/tool.ts';
import { defineTool } from './define-tool.ts';
import { readText, sha256Of } from './file-text.ts';
import { inTurn } from './file-turns.ts';
import type { ProjectPath } from './project-path.ts';
import { findWritable, PathRefused } from './project-path.ts';
import { writeAtomic } from './write-atomic.ts';
import { lstat } from 'node:fs/promises';

export const writeFileTool = defineTool({
  name: 'write_file',
  description:
    'Write a whole file; directories above it are made. To replace a file that is there, read it first. To change a part of one, use edit_file.',
  input: z.strictObject({
    path: z.string().min(1).describe('Relative to the project.'),
    content: z.string().describe('All of the new content.'),
  }),
  effect: 'idempotent',
  describe: ({ path }) => path,
  async run({ path, content }, context) {
    const found = await findWritable(context.projectDir, path);
    return inTurn(found, context, () => write(found, content, context));
  },
});

async function write(found: ProjectPath, content: string, context: ToolContext): Promise<ToolResult> {
  const sha256 = sha256Of(content);
  const present = await presentHash(found);
  if (present !== null && present !== sha256 && present !== context.seen(found.name))
    return toolError(
      context.seen(found.name) === null
        ? `${found.name} is already there. Read it before you replace it.`
        : `${found.name} has changed since you read it. Read it again before you replace it.`,
    );
  if (present !== sha256) await writeAtomic(found, content);
  const lines = content === '' ? 0 : content.replace(/\n$/, '').split('\n').length;
  return {
    text: `Wrote ${found.name} (${lines} ${lines === 1 ? 'line' : 'lines'}).`,
    isError: false,
    path: found.name,
    sha256,
  };
}

/** Of the file that is there now; null when there is none. One that is no text is not replaced unseen. */
async function presentHash(path: ProjectPath): Promise<string | null> {
  const stat = await lstat(path.real).catch(() => null);
  if (stat === null) return null;
  if (!stat.isFile()) throw new PathRefused(`${path.name} is not a regular file.`);
  return (await readText(path)).sha256;
}
