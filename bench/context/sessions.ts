import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { FlashItem } from '../../src/context-entry.ts';

/** A recorded session: stretches between real compactions, each a context of its own. */
export interface Session {
  readonly name: string;
  readonly repository: string;
  readonly agent: string;
  readonly segments: readonly (readonly SessionItem[])[];
}

export type SessionItem = FlashItem & { readonly segment: number; readonly tokens: number };

/** Reads every `*.jsonl.gz` and `*.jsonl` of a directory, in the order of their names. */
export function loadSessions(directory: string): Session[] {
  return readdirSync(directory)
    .filter((name) => /\.jsonl(\.gz)?$/.test(name))
    .toSorted()
    .map((name) => readSession(join(directory, name)));
}

function readSession(file: string): Session {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [head, ...rest] = text.trimEnd().split('\n');
  const about = JSON.parse(head ?? '{}') as { session: string; agent: string; repository: string };
  const segments: SessionItem[][] = [];
  rest.forEach((line, index) => {
    const item = { ...(JSON.parse(line) as Omit<SessionItem, 'id'>), id: `i${index}` };
    (segments[item.segment] ??= []).push(item);
  });
  return {
    name: about.session,
    repository: about.repository,
    agent: about.agent,
    segments: segments.filter(Boolean),
  };
}
