import type { AgentSession } from '../../agent/session.ts';
import type { AgentDesk } from '../../gateway/agent-tools.ts';
import type { GatewayLine, GatewaySeat } from '../../gateway/gateway.ts';
import { LineMemory } from '../../gateway/line-memory.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { McpLine } from './mcp-server.ts';
import { pathInProject } from './path-in-project.ts';

/** A request that is being answered, or waits. */
export interface LineCall {
  /** `model`: a call of the model. `beside`: whatever else; it ends with a cut, and nobody waits for it. */
  readonly kind: 'model' | 'beside';
  /** Aborted when it is cut. */
  readonly cut: AbortController;
  /** Set while it waits. */
  release: (() => void) | null;
  /** A busy provider is waited out: nothing is on its way, and with a hold the call is held. */
  isResting: boolean;
}

type Mode = 'open' | 'held' | 'cut';

/** One agent's way through the gateway: what of it goes on, waits, or is cut. */
export class Line implements GatewayLine, AgentDesk {
  readonly baseUrl: string;
  readonly mcpUrl: string;
  readonly seat: GatewaySeat;
  readonly parts: GatewayParts;
  readonly memory: LineMemory;
  done: { readonly summary: string } | null = null;
  asked: string | null = null;
  problem: string | null = null;
  /** Resolves when a flash save that a call made necessary is over. */
  room: Promise<unknown> = Promise.resolve();
  #mode: Mode = 'open';
  readonly #calls = new Set<LineCall>();
  readonly #idle = new Set<() => void>();
  readonly #close: () => Promise<void>;
  /** Kinds of secrets that were told of. */
  readonly #told = new Set<string>();
  #tools: Promise<McpLine> | undefined;

  constructor(
    parts: GatewayParts,
    of: { readonly seat: GatewaySeat; readonly baseUrl: string; readonly close: () => Promise<void> },
  ) {
    this.parts = parts;
    this.seat = of.seat;
    this.baseUrl = of.baseUrl;
    this.mcpUrl = `${of.baseUrl}/mcp`;
    this.#close = of.close;
    const { projectDir, redact = (text: string) => ({ text, found: [] }) } = parts;
    this.memory = new LineMemory({
      session: of.seat.session,
      redact,
      onSecret: (kind) => this.#tellSecret(kind),
      pathIn: (path) => pathInProject(path, projectDir),
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    });
  }

  get session(): AgentSession {
    return this.seat.session;
  }

  /** The agent's own tools; what serves them takes a moment to load. */
  tools(): Promise<McpLine> {
    this.#tools ??= import('./mcp-server.ts').then(
      ({ McpLine: Tools }) => new Tools({ desk: this, agent: this.seat.agent, parts: this.parts }),
    );
    return this.#tools;
  }

  get mode(): Mode {
    return this.#mode;
  }

  hold(): void {
    this.#mode = 'held';
    this.#tellIdle();
  }

  release(): void {
    this.#mode = 'open';
    for (const call of this.#calls) this.#letGo(call);
  }

  cut(): void {
    this.#mode = 'cut';
    for (const call of this.#calls) call.cut.abort(new Error('codeframe cut the call'));
  }

  inFlight(): number {
    return [...this.#calls].filter((call) => call.kind === 'model' && !this.#isHeld(call)).length;
  }

  held(): number {
    return [...this.#calls].filter((call) => this.#isHeld(call)).length;
  }

  #isHeld({ release, isResting }: LineCall): boolean {
    return release !== null || (isResting && this.#mode === 'held');
  }

  idle(signal: AbortSignal): Promise<void> {
    if (this.inFlight() === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#idle.delete(settle);
        signal.removeEventListener('abort', settle);
        resolve();
      };
      this.#idle.add(settle);
      signal.addEventListener('abort', settle);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#close();
    await (await this.#tools)?.close();
    await this.idle(AbortSignal.timeout(1_000));
  }

  /** A request has come; it ends with `leave`. */
  enter(kind: LineCall['kind']): LineCall {
    const call: LineCall = { kind, cut: new AbortController(), release: null, isResting: false };
    if (this.#mode === 'cut') call.cut.abort(new Error('codeframe cut the call'));
    this.#calls.add(call);
    return call;
  }

  leave(call: LineCall): void {
    this.#calls.delete(call);
    this.#tellIdle();
  }

  /** Resolves when the call may go on: at once unless the line is held. Rejects when it is cut. */
  async pass(call: LineCall): Promise<void> {
    const { signal } = call.cut;
    while (this.#mode === 'held' && !signal.aborted) {
      await new Promise<void>((resolve) => {
        call.release = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
        this.#tellIdle();
      });
      call.release = null;
    }
    signal.throwIfAborted();
  }

  /** Resolves when the wait is over and the call may go on. */
  async rest(call: LineCall, wait: () => Promise<void>): Promise<void> {
    call.isResting = true;
    await wait();
    call.isResting = false;
    await this.pass(call);
  }

  /** Once a kind, for it is in every call from now on. A recording is no provider. */
  #tellSecret(kind: string): void {
    const { agent, session, providers } = this.seat;
    if (this.#told.has(kind) || providers.every(({ recorded }) => recorded)) return;
    this.#told.add(kind);
    const { log } = this.parts;
    log.warn({ agent, kind }, 'a secret was sent to the provider of a model');
    session.tellSecretSent(kind).catch((error: unknown) => {
      log.warn({ err: error, agent }, 'could not tell of a secret that was sent');
    });
  }

  #letGo(call: LineCall): void {
    const { release } = call;
    call.release = null;
    release?.();
  }

  #tellIdle(): void {
    if (this.inFlight() > 0) return;
    for (const settle of this.#idle) settle();
  }
}
