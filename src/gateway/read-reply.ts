import { parseJson } from './json.ts';
import { SseReader } from './sse-reader.ts';
import { noFacts, type ReplyFacts, type Wire } from './wire.ts';

/** An answer that is no stream is read whole up to this many characters; a longer one is passed on and not understood. */
const plainMax = 32 * 1024 * 1024;

/** Characters by which a stream of events is told. */
const begunMin = 'event:'.length;

/** Follows an answer while it is passed on: what it used, what it calls, and whether it came to its end. */
export class ReplyReader {
  readonly #wire: Wire;
  readonly #saysEvents: boolean;
  #events: SseReader | null = null;
  #isBegun = false;
  #plain = '';
  #facts = noFacts;
  #broken: string | null = null;

  /** `saysEvents`: its head says that it is a stream of events. Some proxies say so of what is none, and the reverse. */
  constructor(wire: Wire, saysEvents: boolean) {
    this.#wire = wire;
    this.#saysEvents = saysEvents;
  }

  push(piece: string): void {
    if (!this.#isBegun) {
      this.#plain += piece;
      if (this.#plain.trim().length < begunMin) return;
      this.#begin();
      return;
    }
    if (this.#events !== null) this.#learnAll(this.#events.push(piece));
    else if (this.#plain.length <= plainMax) this.#plain += piece;
  }

  /** Everything has come. */
  end(): ReplyFacts {
    if (!this.#isBegun) this.#begin();
    if (this.#events !== null) this.#learnAll(this.#events.end());
    else this.#learnPlain();
    return { ...this.#facts, problem: this.#facts.problem ?? this.#broken };
  }

  /** Events begin with the name of a field, or with a colon; JSON does not. */
  #begin(): void {
    this.#isBegun = true;
    const begun = this.#plain;
    const isJson = /^\s*[[{"]/.test(begun);
    const isEvents = /^\s*(?:data|event|id|retry)?:/.test(begun);
    if (!isEvents && (isJson || !this.#saysEvents)) return;
    this.#plain = '';
    this.#events = new SseReader();
    this.#learnAll(this.#events.push(begun));
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
