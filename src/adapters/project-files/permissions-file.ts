import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { PermissionMemory, RememberedPermissions } from '../../agent/permissions.ts';
import { CodeframeError } from '../../failure.ts';
import { createDurably, failureOf, readIfThere } from '../durable-file.ts';

const schema = z.object({
  lines: z.array(z.object({ line: z.string(), permission: z.enum(['allow', 'deny']), at: z.number() })),
  confirmed: z.array(z.string()),
  // Older versions kept none.
  agents: z._default(z.array(z.object({ agent: z.string(), rule: z.string() })), []),
});

const nothing: RememberedPermissions = { lines: [], confirmed: [], agents: [] };

/** One state of it. */
interface Version {
  readonly number: number;
  readonly path: string;
}

/**
 * `permissions/<n>.json` in a project's data: the highest number is what holds. Whoever changes it makes the next one, which
 * only one can, so that of two who change it at once neither loses what the other has written.
 */
export function openPermissions(dataDir: string): PermissionMemory {
  const dir = join(dataDir, 'permissions');
  return {
    read: () => newest(dir, dataDir).remembered,
    change(change) {
      while (!tryChange(dir, newest(dir, dataDir), change)) continue;
    },
  };
}

/** Answers false when somebody else has changed it meanwhile. */
function tryChange(
  dir: string,
  from: { readonly number: number; readonly remembered: RememberedPermissions },
  change: (remembered: RememberedPermissions) => RememberedPermissions,
): boolean {
  const number = from.number + 1;
  const path = join(dir, `${number}.json`);
  if (!createDurably(path, `${JSON.stringify(change(from.remembered), null, 2)}\n`)) return false;
  const all = versionsIn(dir);
  // Others have come further, and had taken this number away as an old one: nobody reads what was written here.
  if (all.some((other) => other.number > number)) {
    rmSync(path, { force: true });
    return false;
  }
  for (const other of all) if (other.number < number) rmSync(other.path, { force: true });
  return true;
}

function newest(
  dir: string,
  dataDir: string,
): { readonly number: number; readonly remembered: RememberedPermissions } {
  for (;;) {
    // Older versions kept one file.
    const old = { number: 0, path: join(dataDir, 'permissions.json') };
    const { number, path } = versionsIn(dir).reduce(
      (one, other) => (other.number > one.number ? other : one),
      old,
    );
    const text = readIfThere(path);
    if (text !== null) return { number, remembered: parse(path, text) };
    if (number === 0) return { number, remembered: nothing };
    // A newer one took its place in this moment.
  }
}

function versionsIn(dir: string): readonly Version[] {
  try {
    return readdirSync(dir)
      .filter((name) => /^[1-9]\d*\.json$/u.test(name))
      .map((name) => ({ number: Number(name.slice(0, -'.json'.length)), path: join(dir, name) }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw failureOf(error, dir, 'read it');
  }
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
