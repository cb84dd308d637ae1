import { stat } from 'node:fs/promises';
import picomatch from 'picomatch';
import { z } from 'zod';
import { defineTool } from './define-tool.ts';
import type { ProjectPath } from './project-path.ts';
import { asRefusal, findPath, PathRefused } from './project-path.ts';
import { walkFiles } from './walk.ts';

const NAMES_MAX = 1_000;

export const listFilesTool = defineTool({
  name: 'list_files',
  description: `List the files under a directory, at most ${NAMES_MAX}. Without a glob, node_modules is left out.`,
  input: z.strictObject({
    path: z
      .string()
      .min(1)
      .optional()
      .describe('A directory, relative to the project; the project itself when left out.'),
    glob: z
      .string()
      .min(1)
      .optional()
      .describe('Only files whose path under that directory matches, e.g. src/**/*.ts'),
  }),
  effect: 'pure',
  describe: ({ path = '.', glob }) => (glob === undefined ? path : `${path} ${glob}`),
  async run({ path = '.', glob }, context) {
    const found = await findPath(context.projectDir, path);
    await assertDirectory(found);
    const { names, cutOff } = await walkFiles(found.real, {
      wanted: wantedBy(glob),
      max: NAMES_MAX,
      signal: context.signal,
    });
    if (names.length === 0) return { text: '(no files)', isError: false };
    const more = cutOff ? `\n[only the first ${NAMES_MAX} are shown: give a narrower path or glob]` : '';
    return { text: `${names.join('\n')}${more}`, isError: false };
  },
});

async function assertDirectory(path: ProjectPath): Promise<void> {
  const found = await stat(path.real).catch((error: unknown) => {
    throw asRefusal(error, path.name);
  });
  if (!found.isDirectory()) throw new PathRefused(`${path.name} is not a directory.`);
}

/** Which names a glob wants; a glob without a slash is meant for file names at any depth. */
export function wantedBy(glob: string | undefined): (name: string) => boolean {
  if (glob === undefined) return (name) => !/(^|\/)node_modules\//.test(name);
  return picomatch(glob, { dot: true, basename: !glob.includes('/') });
}
