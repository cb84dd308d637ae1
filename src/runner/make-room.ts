import type { ModelWindow } from '../agent/session.ts';
import { cutMemoryText } from '../agent/agent-words.ts';
import {
  flashSave,
  type FlashSaved,
  type FlashSavePorts,
  type FlashSaveSettings,
} from '../context/flash-save.ts';
import type { NewItem } from '../context/item.ts';
import { shownTokens } from '../context/prompt-tokens.ts';
import { recordEvent } from '../event/record-event.ts';
import { isFailure } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence } from '../store/store.ts';

export interface RoomPorts extends FlashSavePorts {
  readonly flashSave: FlashSaveSettings;
}

interface RoomFor {
  readonly agent: string;
  readonly taskId: number;
  readonly fence: Fence;
}

/** After a save the prompt may fill this much of the limit before the next one is worth its rewritten prompt. */
const filledAfter = 0.75;
/** A save that could not free enough is not tried again before the prompt has grown by this share of the window. */
const growth = 0.05;

/** Keeps one agent's prompt below the share of its model's window that the settings name. */
export class RoomMaker {
  readonly #ports: RoomPorts;
  readonly #of: RoomFor;
  #tokensAfterLast = 0;

  constructor(ports: RoomPorts, of: RoomFor) {
    this.#ports = ports;
    this.#of = of;
  }

  /** True when the memory is another one now. Throws only when the project is another's. */
  async makeRoom(window: ModelWindow): Promise<boolean> {
    const { flashSave: settings } = this.#ports;
    const windowTokens = settings.windowTokens ?? window.windowTokens;
    if (settings.off || windowTokens === null) return false;
    const used = await this.#used(window);
    const limit = windowTokens * settings.threshold;
    if ((used.memory + used.besides) * used.factor < limit) return false;
    if (used.memory < this.#tokensAfterLast + (growth * windowTokens) / used.factor) return false;
    // Where the window is far too small, what is asked for is not enough.
    const wanted = 1 - ((limit * filledAfter) / used.factor - used.besides) / used.memory;
    const target = Math.min(1, Math.max(settings.target, wanted));
    return this.#save({ ...settings, target }, window, { windowTokens, factor: used.factor });
  }

  #used(window: ModelWindow): Promise<{ memory: number; besides: number; factor: number }> {
    const { store, tokens } = this.#ports;
    return store.read(async (tx) => {
      const where = { agent: this.#of.agent };
      const factor = await tx.get('model_factors', window.model, tokens.method);
      return {
        memory: shownTokens(await tx.pick('context_items', ['id', 'promptTokens'], { where }), window.shown),
        besides: tokens.count(window.besides),
        factor: factor?.factor ?? 1,
      };
    });
  }

  async #save(
    settings: FlashSaveSettings,
    { model, shown }: ModelWindow,
    known: { readonly windowTokens: number; readonly factor: number },
  ): Promise<boolean> {
    const { log } = this.#ports;
    const { agent, taskId, fence } = this.#of;
    const item = (figures: FlashSaved): NewItem => ({ kind: 'user', text: cutMemoryText(figures) });
    try {
      const saved = await flashSave(this.#ports, {
        agent,
        fence,
        settings,
        cause: 'window',
        pauseId: null,
        ...(shown === undefined ? { tell: { taskId, item } } : { among: shown }),
      });
      this.#tokensAfterLast = saved.tokensAfter;
      log.info({ agent, model, ...known, ...saved }, "flash save: the model's window was nearly full");
      return saved.tokensAfter < saved.tokensBefore;
    } catch (error) {
      if (isFailure(error, 'stale-owner')) throw error;
      await this.#tellFailed(error);
      return false;
    }
  }

  async #tellFailed(error: unknown): Promise<void> {
    const { store, log } = this.#ports;
    const { agent, fence } = this.#of;
    const problem = problemOf(error);
    log.error({ err: error, agent }, 'the flash save failed; the agent goes on without it');
    this.#tokensAfterLast = Number.POSITIVE_INFINITY;
    await store.write(
      (tx) => recordEvent(tx, this.#ports, { type: 'flash-save-failed', data: { agent, problem } }),
      { fence },
    );
  }
}
