import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import type { ArchiveRow } from '../../src/context/archive.ts';
import { estimateTokens } from '../../src/context/estimate-tokens.ts';
import { flashSave, type FlashSaved, type FlashSaveRequest } from '../../src/context/flash-save.ts';
import type { ContextItemRow, NewItem } from '../../src/context/item.ts';
import { newItemRow } from '../../src/context/new-item.ts';
import { recall, type Recalled, type RecallQuery } from '../../src/context/recall.ts';
import { silentLog } from '../../src/log.ts';
import type { Store } from '../../src/store/store.ts';
import { lease } from '../conformance/store-rows.ts';
import { agentRow } from './memory-session.ts';

/** An agent's memory in a real database, which grows step by step as a run would make it. */
export class AgentMemory implements AsyncDisposable {
  readonly store: Store;
  readonly #dir: string;
  readonly agent = 'ada';
  at = 1_000;
  step = 0;
  #seq = 0;

  constructor(store: Store, dir: string) {
    this.store = store;
    this.#dir = dir;
  }

  static async create(): Promise<AgentMemory> {
    const dir = await mkdtemp(join(tmpdir(), 'codeframe-memory-'));
    const store = await openSqliteStore({ path: join(dir, 'state.db'), backupsDir: join(dir, 'backups') });
    const memory = new AgentMemory(store, dir);
    await store.write(async (tx) => {
      await tx.insert('agents', agentRow());
      await tx.insert('leases', lease({ ownerId: 'o1', epoch: 1 }));
    });
    await memory.add({ kind: 'task', text: 'Task 1: keep the orchard in order' });
    return memory;
  }

  /** A memory that is there already, as the next process finds it. */
  static async open(dir: string, wrap: (store: Store) => Store = (store) => store): Promise<AgentMemory> {
    const store = await openSqliteStore({ path: join(dir, 'state.db'), backupsDir: join(dir, 'backups') });
    const memory = new AgentMemory(wrap(store), dir);
    const items = await memory.items();
    memory.step = items.at(-1)?.step ?? 0;
    memory.#seq = items.at(-1)?.seq ?? 0;
    memory.at = 1_000 + memory.step * 1_000;
    return memory;
  }

  get dir(): string {
    return this.#dir;
  }

  get ports() {
    return {
      store: this.store,
      clock: { now: () => this.at, elapsed: () => this.at, sleep: async () => undefined },
      ids: randomIds,
      log: silentLog,
      actor: 'test',
      tokens: { method: 'estimate', count: (text: string) => Math.ceil(estimateTokens(text)) },
    };
  }

  /** Adds items in one step of the agent. */
  async add(...items: readonly NewItem[]): Promise<void> {
    this.step += 1;
    this.at += 1_000;
    await this.store.write(async (tx) => {
      await tx.update('agents', { key: [this.agent], set: { stepCount: this.step } });
      for (const item of items) {
        this.#seq += 1;
        const place = {
          agent: this.agent,
          taskId: 1,
          stepId: `s${this.step}`,
          seq: this.#seq,
          step: this.step,
        };
        await tx.insert('context_items', newItemRow(this.ports, { item, place }));
      }
    });
  }

  /** A call of a tool and its result, a step each. */
  async addCall(
    call: { readonly tool: string; readonly input: object; readonly path?: string },
    text: string,
  ) {
    const { tool, input, path } = call;
    const callId = `call${this.#seq}`;
    await this.add({ kind: 'call', tool, callId, input, text: JSON.stringify(input) });
    await this.add({ kind: 'result', tool, callId, text, ...(path === undefined ? {} : { path }) });
  }

  /** A file that is read, with names of its own. */
  addRead(path: string, lines = 60): Promise<void> {
    return this.addCall({ tool: 'read_file', input: { path }, path }, fileText(path, lines));
  }

  save(change: Partial<FlashSaveRequest> = {}, target = 0.4): Promise<FlashSaved> {
    return flashSave(this.ports, {
      agent: this.agent,
      settings: { off: false, target, threshold: 0.8 },
      fence: { ownerId: 'o1', epoch: 1 },
      cause: 'pause',
      pauseId: 'z1',
      ...change,
    });
  }

  recall(query: RecallQuery): Promise<readonly Recalled[]> {
    return this.store.write((tx) => recall(tx, this.ports, query));
  }

  items(): Promise<readonly ContextItemRow[]> {
    return this.store.read((tx) => tx.list('context_items'));
  }

  archives(): Promise<readonly ArchiveRow[]> {
    return this.store.read((tx) => tx.list('archives'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await rm(this.#dir, { recursive: true });
  }
}

/** Code of which every line is another one. */
export function fileText(path: string, lines: number): string {
  const name = path.replaceAll(/\W+/g, '_');
  return Array.from(
    { length: lines },
    (_, line) =>
      `export function ${name}_${line}(tree: Tree${line}): Fruit { return pick(tree, ${line * 7}); }\n`,
  ).join('');
}
