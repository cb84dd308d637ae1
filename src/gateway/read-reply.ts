import { parseJson } from './json.ts';
import { SseReader } from './sse-reader.ts';
import { noFacts, type ReplyFacts, type Wire } from './wire.ts';

/** An answer that is no stream is read whole up to this many characters; a longer one is passed on and not understood. */
const plainMax = 32 * 1024 * 1024;

/** Follows an answer while it is passed on: what it used, what it calls, and whether it came to its end. */
export class ReplyReader {
  readonly #wire: Wire;
  readonly #events: SseReader | null;
  #plain = '';
  #facts = noFacts;
  #broken: string | null = null;

  constructor(wire: Wire, isEventStream: boolean) {
    this.#wire = wire;
    this.#events = isEventStream ? new SseReader() : null;
  }

  push(piece: string): void {
    if (this.#events !== null) this.#learnAll(this.#events.push(piece));
    else if (this.#plain.length <= plainMax) this.#plain += piece;
  }

  /** Everything has come. */
  end(): ReplyFacts {
    if (this.#events !== null) this.#learnAll(this.#events.end());
    else this.#learnPlain();
    return { ...this.#facts, problem: this.#facts.problem ?? this.#broken };
  }

  #learnAll(events: readonly string[]): void {
    for (const raw of events) {
      // Most events are a word or two of the reply: to parse each would be most of the gateway's work.
      if (raw.endsWith('}') && !this.#wire.telling.test(raw)) continue;
      const value = parseJson(raw);
      if (value !== undefined) this.#facts = this.#wire.learn(this.#facts, value);
      else if (raw.trim() !== '[DONE]') this.#broken = 'an event of the answer is not JSON';
    }
  }

  #learnPlain(): void {
    const value = parseJson(this.#plain);
    if (value !== undefined) this.#facts = this.#wire.learn(this.#facts, value);
    else this.#broken = 'the answer is not JSON';
  }
}
