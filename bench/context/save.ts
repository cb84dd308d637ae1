import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { openO200kTokens } from '../../src/adapters/tokens-o200k/o200k-tokens.ts';
import { flashSave, type FlashSaveRequest } from '../../src/context/flash-save.ts';
import type { ContextItemRow, ItemKind } from '../../src/context/item.ts';
import { KnownTexts } from '../../src/context/known-texts.ts';
import { planFlashSave } from '../../src/context-entry.ts';
import { silentLog } from '../../src/log.ts';
import { MemoryLearner } from '../../src/runner/learn-memories.ts';
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
  console.log(
    'Time on the clock, of other work on the machine, too (processor time of the process). Every item has its',
  );
  console.log(
    'count. *Known*: the texts were read ahead and code was practised, as a runner does while it waits.\n',
  );
  again('plan');
  again('plan-known');
  const made = await mkdtemp(join(tmpdir(), 'codeframe-bench-'));
  try {
    const store = await openStore(join(made, 'full'));
    await fill(store);
    await store.close();
    for (const how of ['save', 'save-known', 'save-counted']) {
      cpSync(join(made, 'full'), join(made, how), { recursive: true });
      again(how, join(made, how));
    }
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

function timePlans(known?: KnownTexts): void {
  const what = known === undefined ? 'plan, nothing known' : 'plan, texts known';
  for (const which of ['first of its process', 'second', 'third']) {
    const time = stopwatch();
    planFlashSave(items, { targetReduction: TARGET, known });
    console.log(`- ${what}, ${which}: ${time()}`);
  }
}

/** As a runner does it, but from a list: 128 items at a time, and 40 times a plan of them that nobody uses. */
function learnAll(): KnownTexts {
  const time = stopwatch();
  const known = new KnownTexts();
  for (let from = 0; from < items.length; from += 128) {
    const some = items.slice(from, from + 128);
    for (const item of some) known.learn(item);
    if (from < 40 * 128) planFlashSave(some, { targetReduction: TARGET, known });
  }
  console.log(`- read ahead and practised: ${time()}`);
  return known;
}

/** The first save of a process and the one after it, and where their time goes. */
async function timeSave(dir: string, how: 'cold' | 'known' | 'counted'): Promise<void> {
  const real = await openStore(dir);
  const { store, phases } = timed(real);
  const clock = systemClock;
  const tokens = how === 'counted' ? await openO200kTokens() : byLength;
  const base = { clock, tokens, ids: randomIds, log: silentLog, actor: 'bench' };
  const known = new KnownTexts();
  if (how !== 'cold')
    await new MemoryLearner({ ...base, store: real }, known).learn(new AbortController().signal);
  const ports = { ...base, store, ...(how === 'cold' ? {} : { known }) };
  for (const which of [SAVES[how], 'a second save, 5 steps later']) {
    const time = stopwatch();
    const { itemsArchived } = await flashSave(ports, request);
    const taken = time();
    const pieces = await real.read((tx) => tx.count('archives'));
    console.log(
      `- ${which}: ${taken}; ${phases()}; ${pieces} pieces, something of ${itemsArchived} items left`,
    );
    const step = (items.at(-1)?.step ?? 0) + 5;
    await real.write((tx) => tx.update('agents', { key: ['ada'], set: { stepCount: step } }));
  }
  await real.close();
}

const request: FlashSaveRequest = {
  agent: 'ada',
  settings: { off: false, target: TARGET, threshold: 0.8 },
  fence: { ownerId: 'o1', epoch: 1 },
  cause: 'asked',
  pauseId: null,
};

const SAVES = {
  cold: 'save in SQLite, nothing known',
  known: 'save in SQLite, texts known',
  counted: 'the same, its new texts (stubs, and what the prompt shows of each item) counted with o200k_base',
};

/** Counting new texts with a tokenizer is the token counter's time; here every text has its count. */
const byLength = { method: 'bench', count: (text: string) => Math.ceil(text.length / 3.3) };

/** The store, with the time of each phase of a save: reading, deciding, rows, commit. */
function timed(real: Store): { readonly store: Store; readonly phases: () => string } {
  const laps: string[] = [];
  let last = performance.now();
  const lap = (phase: string): void => {
    const now = performance.now();
    laps.push(`${phase} ${Math.round(now - last)}`);
    last = now;
  };
  const store: Store = {
    ...real,
    async read(work) {
      last = performance.now();
      const answer = await real.read(work);
      lap('read');
      return answer;
    },
    async write(work, options) {
      lap('decide');
      const answer = await real.write(async (tx) => {
        const done = await work(tx);
        lap('rows');
        return done;
      }, options);
      lap('commit');
      return answer;
    },
    version: () => real.version(),
    close: () => real.close(),
  };
  return { store, phases: () => laps.splice(0).join(', ') };
}

function stopwatch(): () => string {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return `${Math.round(performance.now() - start)} ms (${Math.round((user + system) / 1_000)} ms)`;
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

// node scripts/run-ts.mjs bench/context/save.ts DATA [plan | plan-known | (save | save-known | save-counted) DIRECTORY]
const [data = '', part, dir = ''] = process.argv.slice(2);
const items = largeMemory(loadSessions(data));
if (part === 'plan') timePlans();
else if (part === 'plan-known') timePlans(learnAll());
else if (part === 'save') await timeSave(dir, 'cold');
else if (part === 'save-known') await timeSave(dir, 'known');
else if (part === 'save-counted') await timeSave(dir, 'counted');
else await report();
