import { join } from 'node:path';
import * as z from 'zod/mini';
import type { PermissionMemory, RememberedPermissions } from '../../agent/permissions.ts';
import { CodeframeError } from '../../failure.ts';
import { readIfThere, writeDurably } from './durable-file.ts';

const schema = z.object({
  lines: z.array(z.object({ line: z.string(), permission: z.enum(['allow', 'deny']), at: z.number() })),
  confirmed: z.array(z.string()),
});

/** `permissions.json` in a project's data. */
export function openPermissions(dataDir: string): PermissionMemory {
  const path = join(dataDir, 'permissions.json');
  return {
    read() {
      const text = readIfThere(path);
      return text === null ? { lines: [], confirmed: [] } : parse(path, text);
    },
    write(remembered) {
      writeDurably(path, `${JSON.stringify(remembered, null, 2)}\n`);
    },
  };
}

/** Not taken for empty when it is damaged: a line that was never to be run would be asked about again. */
function parse(path: string, text: string): RememberedPermissions {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const problem = 'it does not hold what people have allowed and denied; move it away to begin anew';
    throw new CodeframeError({ code: 'corrupt-config', path, problem }, { cause });
  }
}
