import type { Tool } from '../../agent/tool.ts';
import { editFileTool } from './edit-file.ts';
import { listFilesTool } from './list-files.ts';
import { readFileTool } from './read-file.ts';
import { searchFilesTool } from './search-files.ts';
import { writeFileTool } from './write-file.ts';

/**
 * The tools that see and change the project's files. None leaves the project, by name or through a link; none changes
 * anything in `.git` or `.codeframe`; none waits for a pipe or reads a device.
 */
export const fileTools: readonly Tool[] = [
  readFileTool,
  writeFileTool,
  editFileTool,
  listFilesTool,
  searchFilesTool,
];
