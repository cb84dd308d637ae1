import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CodeframeError } from '../../failure.ts';
import type { Provider } from '../../gateway/gateway.ts';
import { parseJson } from '../../gateway/json.ts';
import type { RecordedTurn } from '../../gateway/recorded-turn.ts';
import { serveRecording } from './recorded-server.ts';

const turnSchema = z.strictObject({
  text: z.string().optional(),
  calls: z.array(z.strictObject({ tool: z.string(), input: z.record(z.string(), z.unknown()) })).optional(),
  shell: z.string().optional(),
  delayMs: z.number().int().min(0).max(600_000).optional(),
});

/** Providers of which some play a recording: whatever is shown of those says "recorded model". */
export interface RecordedProviders extends AsyncDisposable {
  readonly providers: readonly Provider[];
}

/**
 * Providers whose address is `recorded:FILE` as servers of that recording, a JSON object a line; the others as they are.
 * What was opened is closed with the result. Throws `unknown-model` when a file cannot be read and `corrupt-recording`
 * when a line is no turn.
 */
export async function withRecordings(
  providers: readonly Provider[],
  projectDir: string,
): Promise<RecordedProviders> {
  const files = new Set(providers.flatMap(({ baseUrl }) => fileOf(baseUrl) ?? []));
  // All are read before the first is served: one that cannot be read leaves nothing open.
  const read = [...files].map(async (name) => ({
    name,
    turns: await readTurns(resolve(projectDir, name), name),
  }));
  const served = (await Promise.all(read)).map(
    async (recording) => [recording.name, await serveRecording(recording)] as const,
  );
  const servers = new Map(await Promise.all(served));
  return {
    providers: providers.map((provider) => {
      const server = servers.get(fileOf(provider.baseUrl) ?? '');
      return server === undefined ? provider : { ...provider, baseUrl: server.url, recorded: true };
    }),
    async [Symbol.asyncDispose]() {
      for (const server of servers.values()) await server[Symbol.asyncDispose]();
    },
  };
}

function fileOf(baseUrl: string): string | undefined {
  return /^recorded:(.+)$/s.exec(baseUrl)?.[1];
}

async function readTurns(path: string, file: string): Promise<readonly RecordedTurn[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const problem = `the file ${path} cannot be read`;
    throw new CodeframeError({ code: 'unknown-model', model: `recorded:${file}`, problem }, { cause });
  });
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const turn = turnSchema.safeParse(parseJson(line));
    if (turn.success) return [turn.data];
    const problem = turn.error.issues[0]?.message ?? 'not a turn';
    throw new CodeframeError({ code: 'corrupt-recording', path, line: index + 1, problem });
  });
}
