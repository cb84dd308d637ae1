import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { flashSave } from '../../src/context/flash-save.ts';
import type { ContextItemRow, ItemKind } from '../../src/context/item.ts';
import { planFlashSave } from '../../src/context-entry.ts';
import { silentLog } from '../../src/log.ts';
import type { Store } from '../../src/store/store.ts';
import { lease } from '../../test/conformance/store-rows.ts';
import { agentRow } from '../../test/rig/memory-session.ts';
import { loadSessions, type Session, type SessionItem } from './sessions.ts';

const ITEMS = 10_000;
const TOKENS = 1_000_000;
const TARGET = 0.4;

/** What a save of 10,000 items and 1,000,000 tokens costs, plan and rows, each as the first of its process. */
async function report(): Promise<void> {
  const tokens = items.reduce((sum, item) => sum + item.tokens, 0);
  console.log(`## A save of ${items.length} items, ${tokens} tokens, at ${TARGET * 100} %\n`);
  console.log('Processor time, and time on the clock: of other work on the machine, too.\n');
  again('plan');
  const made = await mkdtemp(join(tmpdir(), 'codeframe-bench-'));
  try {
    const store = await openStore(made);
    await fill(store);
    await store.close();
    again('save', made);
  } finally {
    await rm(made, { recursive: true });
  }
}

/** In a process of its own, where nothing is compiled yet. */
function again(...args: string[]): void {
  const node = [...process.execArgv, process.argv[1] ?? '', data, ...args];
  spawnSync(process.execPath, node, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Items of recorded sessions, in order, the longest shortened until all together have the tokens. */
function largeMemory(sessions: readonly Session[]): SessionItem[] {
  const recorded = sessions.flatMap(({ segments }) => segments.flat());
  const all = Array.from({ length: ITEMS }, (_, n) => recorded[n % recorded.length] as SessionItem);
  const sumAt = (cap: number): number =>
    all.reduce((sum, item) => sum + (item.kind === 'call' ? item.tokens : Math.min(cap, item.tokens)), 0);
  let cap = 1;
  while (cap < 20_000 && sumAt(cap) < TOKENS) cap += 1;
  let step = 0;
  return all.map((item, index) => {
    if (item.step !== all[index - 1]?.step) step += 1;
    const share = item.kind === 'call' ? 1 : Math.min(1, cap / Math.max(1, item.tokens));
    const text = item.text.slice(0, Math.ceil(item.text.length * share));
    return { ...item, id: `m${index}`, step, text, tokens: Math.ceil(item.tokens * share) };
  });
}

function timePlan(): void {
  for (const which of ['first plan of a process', 'second', 'third']) {
    const time = stopwatch();
    planFlashSave(items, { targetReduction: TARGET });
    console.log(`- ${which}: ${time()}`);
  }
}

async function timeSave(dir: string): Promise<void> {
  const store = await openStore(dir);
  // Counting with a tokenizer is the token counter's time; here every text has its count.
  const tokens = { method: 'bench', count: (text: string) => Math.ceil(text.length / 3.3) };
  const clock = { now: () => 2_000, elapsed: () => 2_000, sleep: async () => undefined };
  const ports = { store, clock, tokens, ids: randomIds, log: silentLog, actor: 'bench' };
  const time = stopwatch();
  const { itemsArchived } = await flashSave(ports, {
    agent: 'ada',
    settings: { off: false, target: TARGET, threshold: 0.8 },
    fence: { ownerId: 'o1', epoch: 1 },
    cause: 'asked',
    pauseId: null,
  });
  const taken = time();
  const pieces = await store.read((tx) => tx.count('archives'));
  console.log(
    `- first save of a process, in SQLite: ${taken}; ${pieces} pieces of ${itemsArchived} items left\n`,
  );
  await store.close();
}

function stopwatch(): () => string {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return `${Math.round((user + system) / 1_000)} ms (${Math.round(performance.now() - start)} ms)`;
  };
}

function openStore(dir: string): Promise<Store> {
  return openSqliteStore({ path: join(dir, 'state.db'), backupsDir: join(dir, 'backups') });
}

function fill(store: Store): Promise<void> {
  return store.write(async (tx) => {
    await tx.insert('agents', { ...agentRow(), stepCount: items.at(-1)?.step ?? 0 });
    await tx.insert('leases', lease({ ownerId: 'o1', epoch: 1 }));
    for (const [index, item] of items.entries()) await tx.insert('context_items', rowOf(item, index + 1));
  });
}

/** As the recordings call the kinds, and as codeframe does. */
const KINDS: Readonly<Record<string, ItemKind>> = { assistant: 'message', meta: 'instructions' };

function rowOf(item: SessionItem, seq: number): ContextItemRow {
  const { id, kind, text, tokens, step } = item;
  return {
    id: `item-${id}`,
    agent: 'ada',
    seq,
    taskId: 1,
    stepId: null,
    kind: KINDS[kind] ?? (kind as ItemKind),
    tool: item.tool ?? null,
    path: item.path ?? null,
    callId: item.callId ?? null,
    isError: item.isError === true,
    input: item.input ?? null,
    text,
    promptText: null,
    meta: null,
    tokens,
    promptTokens: tokens,
    tokenMethod: 'bench',
    importance: 1,
    tier: 'HOT',
    pinned: false,
    accessCount: 0,
    step,
    lastUsedStep: step,
    createdAt: 1_000,
  };
}

// node scripts/run-ts.mjs bench/context/save.ts DATA [plan | save DIRECTORY]
const [data = '', part, dir = ''] = process.argv.slice(2);
const items = largeMemory(loadSessions(data));
if (part === 'plan') timePlan();
else if (part === 'save') await timeSave(dir);
else await report();
