import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { CodeframeError, isFailure } from '../../failure.ts';
import { durationMs, sizeBytes } from '../../project/amounts.ts';
import type { ProjectConfig } from '../../project/config.ts';
import { createDurably, readIfThere, writeDurably } from '../durable-file.ts';

/** What this program writes; it reads no other. */
const format = 1;
export const nameMax = 200;

z.config(en());
const globs = z._default(z.array(z.string().check(z.minLength(1))), []);
/** Paths and globs that stay in the project. */
const insidePaths = z._default(
  z.array(
    z
      .string()
      .check(
        z.refine(
          (text) => !/^\/|^[A-Za-z]:|^!|^(\.?\/*)$|\0|\\|(^|\/)\.\.(\/|$)/.test(text),
          'it is no path or glob below the project, such as dist/ or .env.example',
        ),
      ),
  ),
  [],
);
const count = z.int().check(z.nonnegative());
const duration = z
  .string()
  .check(
    z.refine((text) => durationMs(text) !== undefined, 'it is not a duration such as 30s, 10m, 24h or 7d'),
  );
const size = z
  .string()
  .check(z.refine((text) => sizeBytes(text) !== undefined, 'it is not a size such as 800MB or 5GB'));
const schema = z.looseObject({
  format: z.literal(format),
  // Names a directory, so nothing but what Ids makes.
  id: z.string().check(z.regex(/^p[0-9a-z]{12}$/)),
  name: z.string().check(z.minLength(1), z.maxLength(nameMax)),
  settings: z.prefault(
    z.looseObject({
      allow: globs,
      ask: z.optional(z.array(z.string().check(z.minLength(1)))),
      deny: z.optional(z.array(z.string().check(z.minLength(1)))),
      include: insidePaths,
      allowSecrets: z.optional(z.array(z.string().check(z.minLength(1)))),
      graceMs: z.optional(count),
      flashSave: z.optional(
        z.looseObject({
          target: z.optional(z.number().check(z.gte(0), z.lte(1))),
          threshold: z.optional(z.number().check(z.gt(0), z.lte(1))),
          windowTokens: z.optional(z.int().check(z.positive())),
          off: z.optional(z.boolean()),
        }),
      ),
      checkpoints: z.optional(
        z.looseObject({
          every: z.optional(z.union([z.literal(false), duration])),
          afterTask: z.optional(z.boolean()),
          beforeCommands: z.optional(z.array(z.string().check(z.minLength(1)))),
          cleanup: z.optional(
            z.looseObject({
              keep: z.optional(count),
              keepWithin: z.optional(duration),
              keepHourly: z.optional(count),
              keepDaily: z.optional(count),
              keepWeekly: z.optional(count),
              keepNames: z.optional(z.array(z.string().check(z.minLength(1)))),
              maxSize: z.optional(size),
            }),
          ),
          reclaimAfter: z.optional(duration),
          undoFor: z.optional(duration),
          warnAt: z.optional(size),
          fileSizeMax: z.optional(size),
          sizeMax: z.optional(size),
        }),
      ),
      stepsMax: z.optional(z.int().check(z.positive())),
      budgetUsd: z.optional(z.number().check(z.positive())),
    }),
    {},
  ),
});

export function configPathIn(dir: string): string {
  return join(dir, '.codeframe', 'config.json');
}

/** Null when there is none. Throws `corrupt-config` for one that cannot be understood; never changes it. */
export function readConfig(dir: string): ProjectConfig | null {
  const path = configPathIn(dir);
  const text = readText(path);
  return text === null ? null : parse(path, text);
}

/** What is there instead of a file is the config's own problem, not the disk's. */
function readText(path: string): string | null {
  try {
    return readIfThere(path);
  } catch (cause) {
    if (!isFailure(cause) || cause.failure.code !== 'input-output') throw cause;
    const { problem } = cause.failure;
    throw new CodeframeError({ code: 'corrupt-config', path, problem }, { cause });
  }
}

/** A config that came with a project; null when it is none. */
export function parseConfig(value: unknown): ProjectConfig | null {
  return schema.safeParse(value).data ?? null;
}

/** The text of a copy of the config, beside the project's data. */
export function copyOfConfig(config: ProjectConfig): string {
  return print(config);
}

/** A copy of the config; null when there is none or it cannot be read: it only says again what the config said. */
export function readConfigCopy(path: string): ProjectConfig | null {
  const text = readIfThere(path);
  try {
    return text === null ? null : parse(path, text);
  } catch {
    return null;
  }
}

/** Throws `already-a-project` when somebody else made it first. */
export function createConfig(dir: string, config: ProjectConfig): void {
  refuseLink(dirname(configPathIn(dir)));
  const created = createDurably(configPathIn(dir), print(config));
  if (!created) throw new CodeframeError({ code: 'already-a-project', dir, projectId: config.id });
}

/** Gives the project in `dir` another id and keeps all the rest of the file, also what this program does not know. */
export function replaceId(dir: string, id: string): void {
  const path = configPathIn(dir);
  writeDurably(path, print({ ...parse(path, readIfThere(path) ?? ''), id }));
}

/** A repository may bring a `.codeframe` that leads elsewhere. */
function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)
    throw new CodeframeError({ code: 'corrupt-config', path, problem: 'it is a symbolic link' });
}

function print(config: ProjectConfig): string {
  return `${JSON.stringify({ format, ...config }, null, 2)}\n`;
}

function parse(path: string, text: string): ProjectConfig {
  const parsed = schema.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CodeframeError({ code: 'corrupt-config', path, problem: problems.join('; ') });
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = `it is not JSON: ${(cause as Error).message}`;
    throw new CodeframeError({ code: 'corrupt-config', path, problem }, { cause });
  }
}
