import { z } from 'zod';
import type { ToolContext, ToolResult } from '../../agent/tool.ts';
import { toolError } from '../../agent/tool.ts';
import { defineTool } from './define-tool.ts';
import { readText, sha256Of } from './file-text.ts';
import { inTurn } from './file-turns.ts';
import type { ProjectPath } from './project-path.ts';
import { findWritable } from './project-path.ts';
import { writeAtomic } from './write-atomic.ts';

const inputSchema = z.strictObject({
  path: z.string().min(1).describe('Relative to the project.'),
  old_text: z.string().min(1).describe('What is there now, with its line breaks and spaces.'),
  new_text: z.string().describe('What stands there afterwards.'),
  replace_all: z.boolean().optional().describe('Replace every occurrence.'),
});

type Input = z.infer<typeof inputSchema>;

export const editFileTool = defineTool({
  name: 'edit_file',
  description:
    'Replace text in a file that you have read. old_text must stand in the file exactly as given and only once, unless replace_all is true.',
  input: inputSchema,
  effect: 'keyed',
  describe: ({ path }) => path,
  async run(input, context) {
    const found = await findWritable(context.projectDir, input.path);
    return inTurn(found, context, () => edit(found, input, context));
  },
});

async function edit(found: ProjectPath, input: Input, context: ToolContext): Promise<ToolResult> {
  const { text, sha256 } = await readText(found);
  const seen = context.seen(found.name);
  if (seen === null) return toolError(`Read ${found.name} before you edit it.`);
  if (seen !== sha256) return toolError(`${found.name} has changed since you read it. Read it again.`);
  const pieces = text.split(input.old_text);
  const count = pieces.length - 1;
  if (count === 0) return toolError(`old_text is not in ${found.name}. Nothing was changed.`);
  if (count > 1 && input.replace_all !== true)
    return toolError(
      `old_text is in ${found.name} ${count} times. Give more of the text around it, or set replace_all. Nothing was changed.`,
    );
  const edited = pieces.join(input.new_text);
  await writeAtomic(found, edited);
  const times = count === 1 ? 'once' : `${count} times`;
  return {
    text: `Replaced ${times} in ${found.name}.`,
    isError: false,
    path: found.name,
    sha256: sha256Of(edited),
  };
}
