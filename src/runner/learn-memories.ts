import { memoryColumns, type MemoryItem } from '../context/change-items.ts';
import { decideFlashSave } from '../context/decide-flash-save.ts';
import type { FlashSavePorts, FlashSaveRequest } from '../context/flash-save.ts';
import type { KnownTexts } from '../context/known-texts.ts';
import { silentLog } from '../log.ts';

/** How often it looks for new items, how long it works at a time, and how long it rests between. */
const lookMs = 2_000;
const sliceMs = 4;
const restMs = 20;

/** So many items are decided about for practice, so many times. */
const practiceItems = 128;
const practices = 40;

/**
 * Reads the agents' memories while nobody waits, a few milliseconds at a time, so that a flash save finds every text known:
 * what they hold when the runner starts, and what comes. It also decides about a few items, which changes nothing: code that has
 * run before runs several times as fast. What is learned is in memory alone, and a save without it only takes longer.
 */
export class MemoryLearner {
  readonly #ports: FlashSavePorts;
  readonly #known: KnownTexts;
  /** The newest item that is known, by agent. */
  readonly #learned = new Map<string, number>();
  #practice: MemoryItem[] = [];
  #practiced = 0;

  constructor(ports: FlashSavePorts, known: KnownTexts) {
    this.#ports = ports;
    this.#known = known;
  }

  /** Learns until the signal aborts. Never rejects: what cannot be read now is read by the save itself. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    while (!signal.aborted) {
      await clock.sleep(lookMs, signal);
      try {
        await this.learn(signal);
      } catch (error) {
        log.debug({ err: error }, 'could not read the memories ahead');
      }
    }
  }

  /** Learns what is new. */
  async learn(signal: AbortSignal): Promise<void> {
    const agents = await this.#ports.store.read((tx) => tx.pick('agents', ['name']));
    for (const { name } of agents) {
      while (!signal.aborted && (await this.#learnSome(name, signal)));
    }
  }

  /** False when there was nothing new. */
  async #learnSome(agent: string, signal: AbortSignal): Promise<boolean> {
    const { store, clock } = this.#ports;
    const where = { agent, seq: { gt: this.#learned.get(agent) ?? 0 } };
    const items = await store.read((tx) =>
      tx.pick('context_items', memoryColumns, { where, limit: practiceItems }),
    );
    let began = clock.elapsed();
    for (const item of items) {
      if (signal.aborted) return false;
      this.#known.learn(item);
      this.#learned.set(agent, item.seq);
      if (clock.elapsed() - began < sliceMs) continue;
      await clock.sleep(restMs, signal);
      began = clock.elapsed();
    }
    if (items.length === 0) return false;
    await clock.sleep(restMs, signal);
    this.#rehearse(agent, items);
    return true;
  }

  #rehearse(agent: string, items: readonly MemoryItem[]): void {
    if (this.#practiced === practices) return;
    this.#practice.push(...items);
    if (this.#practice.length < practiceItems) return;
    const ports = { ...this.#ports, known: this.#known, log: silentLog };
    const memory = { ...emptyMemory, items: this.#practice, step: this.#practice.at(-1)?.step ?? 0 };
    decideFlashSave(ports, { memory, request: { ...request, agent } });
    this.#practiced += 1;
    this.#practice = [];
  }
}

const emptyMemory = { lastSeq: 0, archives: [], archiveIds: new Set<string>(), cacheWarm: false };

/** Nothing is written, so nobody's right is asked for. */
const request: Omit<FlashSaveRequest, 'agent'> = {
  settings: { off: false, target: 0.4, threshold: 1 },
  fence: { ownerId: '', epoch: 0 },
  cause: 'asked',
  pauseId: null,
};
