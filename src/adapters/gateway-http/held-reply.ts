import type { ServerResponse } from 'node:http';
import type { Wire } from '../../gateway/wire.ts';

interface HeldCall {
  readonly wire: Wire;
  readonly model: string;
  readonly isStreamed: boolean;
  readonly noOpMs: number;
  readonly spaceMs: number;
}

/**
 * The answer of a call that waits. A stream: its head and a no-op at once, then one each `noOpMs`, so that no client takes
 * the connection for dead. Anything else: nothing for `spaceMs`, so that the provider's own status can still be passed
 * on, then white space, which stands before JSON without a meaning.
 */
export class HeldReply {
  readonly #response: ServerResponse;
  readonly #call: HeldCall;
  #timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, call: HeldCall) {
    this.#response = response;
    this.#call = call;
  }

  /** The head is out: whatever comes now comes behind it. */
  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  get isStreamed(): boolean {
    return this.#call.isStreamed;
  }

  start(): void {
    const { isStreamed, noOpMs, spaceMs } = this.#call;
    if (isStreamed) this.#say();
    this.#timer = setTimeout(() => this.#repeat(), isStreamed ? noOpMs : spaceMs);
  }

  /** No more no-ops; may be called twice. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** What went wrong, where the client looks for it; a connection that breaks where there is no such place: it calls again. */
  refuse(status: number, message: string): void {
    this.stop();
    if (this.#call.isStreamed) this.#response.end(this.#call.wire.errorEvent(status, message));
    else this.#response.destroy();
  }

  #repeat(): void {
    this.#say();
    this.#timer = setTimeout(() => this.#repeat(), this.#call.noOpMs);
  }

  #say(): void {
    const { wire, model, isStreamed } = this.#call;
    if (!this.#response.headersSent) this.#writeHead();
    this.#response.write(isStreamed ? wire.noOp(model) : ' ');
  }

  #writeHead(): void {
    const type = this.#call.isStreamed ? 'text/event-stream; charset=utf-8' : 'application/json';
    this.#response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  }
}
