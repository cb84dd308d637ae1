import type { Model, ModelReply, ModelRequest, Usage } from '../../agent/model.ts';
import type { Clock } from '../../clock.ts';
import { promptOf, toolsOf } from './prompt.ts';
import type { Price } from './price-table.ts';
import { costOf } from './price-table.ts';
import type { ProviderModel, ProviderOptions } from './provider-model.ts';
import { BrokenReply, readReply } from './read-reply.ts';
import { withRetries } from './retry.ts';

export interface AiSdkModelParts {
  readonly label: string;
  readonly recorded: boolean;
  readonly provider: ProviderModel;
  readonly clock: Clock;
  readonly price: Price | null;
  readonly windowTokens: number | null;
  /** A reply that stands still for so long is taken for a broken connection. */
  readonly idleMs: number;
}

/** The history is ours to keep: nothing that a call needs may live on the provider's side alone. */
const providerOptions: ProviderOptions = { openai: { store: false } };

/** A model of the AI SDK behind the domain's port: one streamed call at a time, tools never run by the SDK. */
export class AiSdkModel implements Model {
  readonly label: string;
  readonly recorded: boolean;
  readonly windowTokens: number | null;
  readonly #parts: AiSdkModelParts;

  constructor(parts: AiSdkModelParts) {
    this.label = parts.label;
    this.recorded = parts.recorded;
    this.windowTokens = parts.windowTokens;
    this.#parts = parts;
  }

  async generate(request: ModelRequest): Promise<ModelReply> {
    const { clock, label } = this.#parts;
    const { signal, onWait } = request;
    const retrying = { provider: label, clock, signal, ...(onWait ? { onWait } : {}) };
    const reply = await withRetries(retrying, () => this.#callOnce(request));
    return { ...reply, costUsd: this.#cost(reply.usage) };
  }

  async #callOnce(request: ModelRequest): Promise<Omit<ModelReply, 'costUsd'>> {
    const { provider, idleMs } = this.#parts;
    const idle = new AbortController();
    const timer = setTimeout(() => idle.abort(new BrokenReply(`no answer for ${idleMs} ms`)), idleMs);
    const abortSignal = AbortSignal.any([request.signal, idle.signal]);
    try {
      const { stream } = await provider.doStream({
        prompt: promptOf(request),
        tools: toolsOf(request, provider.provider),
        abortSignal,
        providerOptions,
      });
      return await readReply(stream, () => timer.refresh());
    } catch (error) {
      throw idle.signal.aborted ? idle.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  #cost(usage: Usage): number | null {
    if (this.recorded) return 0;
    return this.#parts.price === null ? null : costOf(this.#parts.price, usage);
  }
}
