import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ModelWindow } from '../../agent/session.ts';
import type { StepRow } from '../../agent/step.ts';
import { isFailure } from '../../failure.ts';
import type { Provider } from '../../gateway/gateway.ts';
import { lookForAnswer } from '../../gateway/agent-tools.ts';
import { historyProblem } from '../../gateway/history-problem.ts';
import { field, list, parseJson, type Json } from '../../gateway/json.ts';
import { ReplyReader } from '../../gateway/read-reply.ts';
import { stepEndOf, type CallEnd, type CalledModel } from '../../gateway/reply-summary.ts';
import { noFacts, type Wire, type WireMessage } from '../../gateway/wire.ts';
import { labelOf, pricedAs, providerUrl } from '../../gateway/wires.ts';
import { shortFields } from '../../gateway/short-fields.ts';
import { problemOf } from '../../problem-of.ts';
import { headersToAgent } from './headers.ts';
import { HeldReply } from './held-reply.ts';
import type { Line, LineCall } from './line.ts';
import { closedSignal, passOn, readingAnswer } from './pass-on.ts';
import type { ProviderCall, ProviderConnections } from './provider-call.ts';
import { refuse } from './refuse.ts';
import { textOfBody } from './read-body.ts';
import { canWait, waitAfter } from './wait-after.ts';

export interface TurnRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As the agent sent it behind its secret, with the query. */
  readonly path: string;
  readonly body: Buffer;
  readonly wire: Wire;
  readonly provider: Provider;
  readonly call: LineCall;
}

/** One call of the model: held if the line is, written down as a step, sent, passed on, and its end written down. */
export class Turn {
  readonly #line: Line;
  readonly #connections: ProviderConnections;
  readonly #asked: TurnRequest;
  readonly #call: LineCall;
  readonly #signal: AbortSignal;
  #text: string | null = null;
  /** Of the body, what is asked before it is sent. */
  #fields: Json;
  #parsed: { readonly body: Json } | null = null;
  #history: readonly WireMessage[] | null = null;
  #model: CalledModel;
  #recorded: Promise<readonly string[] | null> | null = null;

  private constructor(line: Line, connections: ProviderConnections, asked: TurnRequest) {
    this.#line = line;
    this.#connections = connections;
    this.#asked = asked;
    this.#call = asked.call;
    this.#signal = AbortSignal.any([this.#call.cut.signal, closedSignal(asked.response)]);
    this.#model = { label: '', priced: '', recorded: asked.provider.recorded };
  }

  /** Never rejects: what goes wrong is told to the agent, in the step and in the log. */
  static async serve(line: Line, connections: ProviderConnections, asked: TurnRequest): Promise<void> {
    const turn = new Turn(line, connections, asked);
    try {
      await turn.#serve();
    } catch (error) {
      turn.#fail(error);
    }
  }

  async #serve(): Promise<void> {
    await this.#read();
    const held = await this.#waitWhileHeld();
    const step = await this.#begin();
    const end = await this.#send(step, held).catch((error: unknown): CallEnd => {
      this.#fail(error);
      if (this.#signal.aborted) return this.#cutOff(noFacts);
      return { kind: 'broken', problem: problemOf(error), facts: noFacts };
    });
    await this.#finish(step, end);
  }

  async #read(): Promise<void> {
    const { request, wire, provider, path, body } = this.#asked;
    this.#text = await textOfBody(body, request.headers['content-encoding']);
    this.#fields = this.#text === null ? undefined : shortFields(this.#text);
    const model = wire.modelOf(this.#fields, path) ?? 'unknown';
    this.#model = {
      label: labelOf(wire, provider, model),
      priced: pricedAs(wire, model),
      recorded: provider.recorded,
    };
  }

  get #body(): Json {
    this.#parsed ??= { body: this.#text === null ? undefined : parseJson(this.#text) };
    return this.#parsed.body;
  }

  /** Read when it is first needed, which may be after the call was sent. */
  get #messages(): readonly WireMessage[] {
    return (this.#history ??= this.#asked.wire.read(this.#body));
  }

  /** Answers what keeps the waiting client content; null: it did not have to wait. */
  async #waitWhileHeld(): Promise<HeldReply | null> {
    if (this.#line.mode !== 'held') {
      this.#signal.throwIfAborted();
      return null;
    }
    const { wire, response, path } = this.#asked;
    const { noOpMs = 10_000, spaceMs = 50_000 } = this.#line.parts;
    const isStreamed = wire.isStreamed(this.#fields, path);
    const held = new HeldReply(response, { wire, model: this.#model.label, isStreamed, noOpMs, spaceMs });
    const stop = (): void => held.stop();
    this.#signal.addEventListener('abort', () => this.#call.cut.abort(this.#signal.reason), { once: true });
    this.#signal.addEventListener('abort', stop, { once: true });
    held.start();
    // The agent stands still with this history: a pause that comes now saves it.
    this.#record();
    await this.#line.pass(this.#call);
    return held;
  }

  async #begin(): Promise<StepRow> {
    const { session } = this.#line.seat;
    await this.#line.room;
    await lookForAnswer(this.#line);
    return session.beginStep({
      kind: 'model',
      name: this.#model.label,
      effect: 'pure',
      intent: { summary: `a call of ${this.#asked.body.length} bytes` },
    });
  }

  /** Sends the call, again while the provider is busy and nobody else could do so, and passes the answer on. */
  async #send(step: StepRow, held: HeldReply | null): Promise<CallEnd> {
    const body = await this.#bodyToSend();
    for (let tries = 1; ; tries += 1) {
      const end = await this.#sendOnce(body, held);
      const waitMs =
        held?.hasBegun === true && end.retry !== null && canWait(tries) ? waitAfter(end.retry, tries) : null;
      if (waitMs === null) {
        if (end.refuse !== null) held?.refuse(end.refuse.status, end.refuse.message);
        return end.end;
      }
      this.#line.parts.log.info(
        { step: step.id, waitMs, tries },
        'the provider is busy; the held call waits',
      );
      await this.#line.rest(this.#call, () => this.#line.parts.clock.sleep(waitMs, this.#signal));
    }
  }

  /** As the agent sent it, or, once a piece of it is archived, without its packing. */
  async #bodyToSend(): Promise<BodyToSend> {
    const { body, request } = this.#asked;
    const asItIs = { body, isUnpacked: false };
    if (this.#text === null) return asItIs;
    const rewritten = await this.#line.memory.rewrite(this.#text, () => this.#messages);
    if (rewritten === this.#text) return asItIs;
    const isUnpacked = request.headers['content-encoding'] !== undefined;
    return { body: Buffer.from(rewritten, 'utf8'), isUnpacked };
  }

  async #sendOnce(body: BodyToSend, held: HeldReply | null): Promise<Sent> {
    const { request, provider, path } = this.#asked;
    let response: IncomingMessage;
    try {
      response = await this.#connections.call({
        url: providerUrl(provider.baseUrl, path),
        method: request.method ?? 'POST',
        rawHeaders: request.rawHeaders,
        ...body,
        isPlain: held !== null,
        signal: this.#signal,
      });
    } catch (error) {
      return this.#unreached(error, held);
    }
    if (response.statusCode === 429 || (response.statusCode ?? 0) >= 500) await this.#tellBusy(response);
    if (held?.hasBegun === true && (response.statusCode ?? 0) >= 400) return this.#refusedLate(response);
    held?.stop();
    return { end: await this.#passOn(response), retry: null, refuse: null };
  }

  async #passOn(response: IncomingMessage): Promise<CallEnd> {
    const { response: to, wire } = this.#asked;
    const status = response.statusCode ?? 502;
    const isStream = (response.headers['content-type'] ?? '').includes('text/event-stream');
    const reply = new ReplyReader(wire, isStream);
    const reader = readingAnswer(response, reply);
    try {
      if (!to.headersSent) {
        to.writeHead(status, response.statusMessage, headersToAgent(response.rawHeaders));
        to.flushHeaders();
      }
      await passOn(response, to, { reader, onFirst: () => setImmediate(() => this.#record()) });
      to.end();
      await reader?.end();
      return { kind: 'answered', status, facts: reply.end(), isRead: reader !== null };
    } catch (error) {
      to.destroy();
      // Whoever cannot be passed on is not paid for any longer.
      response.destroy();
      await reader?.end();
      const facts = reply.end();
      if (this.#signal.aborted) return this.#cutOff(facts);
      return { kind: 'broken', problem: problemOf(error), facts };
    }
  }

  /** By a cut, or because the agent is gone. */
  #cutOff(facts: CallEnd['facts']): CallEnd {
    return { kind: 'cut', problem: problemOf(this.#signal.reason), facts };
  }

  /** Nothing of the provider's has come. */
  #unreached(error: unknown, held: HeldReply | null): Sent {
    const { provider, wire, response } = this.#asked;
    if (this.#signal.aborted) {
      response.destroy();
      return { end: this.#cutOff(noFacts), retry: null, refuse: null };
    }
    const message = `codeframe could not reach ${new URL(provider.baseUrl).origin}: ${problemOf(error)}`;
    if (held?.hasBegun !== true) refuse(response, { status: 502, body: wire.error(502, message) });
    return {
      end: { kind: 'broken', problem: message, facts: noFacts },
      retry: {},
      refuse: { status: 502, message },
    };
  }

  /** A refusal for a client that has been told 200: it is read here, and told as an event of the stream. */
  async #refusedLate(response: IncomingMessage): Promise<Sent> {
    const status = response.statusCode ?? 502;
    const reply = new ReplyReader(this.#asked.wire, false);
    for await (const chunk of response as AsyncIterable<Buffer>) reply.push(chunk.toString('utf8'));
    const facts = reply.end();
    const isBusy = status === 408 || status === 429 || status >= 500;
    return {
      end: { kind: 'answered', status, facts, isRead: true },
      retry: isBusy ? response.headers : null,
      refuse: { status, message: facts.problem ?? `the provider answered ${status}` },
    };
  }

  async #tellBusy(response: IncomingMessage): Promise<void> {
    const problem = `the provider answered ${response.statusCode}`;
    const waitMs = waitAfter(response.headers, 1);
    const { agent, session } = this.#line.seat;
    this.#line.parts.log.info({ agent, waitMs, problem }, 'the provider is busy');
    await session.tellWaiting(waitMs, problem).catch((error: unknown) => {
      this.#line.parts.log.warn({ err: error, agent }, 'could not tell of the wait');
    });
  }

  #record(): void {
    // A call without tools makes a title or a summary: what it shows is not the agent's memory.
    if (list(field(this.#body, 'tools')).length === 0) return;
    if (this.#recorded !== null) return;
    this.#checkHistory();
    const { agent } = this.#line.seat;
    this.#recorded = this.#line.memory.record(this.#messages).catch((error: unknown) => {
      this.#line.parts.log.error({ err: error, agent }, 'could not keep what the call shows of the memory');
      return null;
    });
  }

  #checkHistory(): void {
    const isPartial = field(this.#body, 'previous_response_id') !== undefined;
    const problem = historyProblem(this.#messages, isPartial);
    if (problem === null) return;
    const { agent } = this.#line.seat;
    this.#line.parts.log.warn({ agent, problem }, 'the agent sent a history that a strict provider refuses');
  }

  async #finish(step: StepRow, end: CallEnd): Promise<void> {
    this.#record();
    const shown = (await this.#recorded) ?? null;
    const { session } = this.#line.seat;
    const { findPriced } = this.#line.parts;
    const sent = shown === null ? null : { besides: this.#asked.wire.besides(this.#body), shown };
    const ended = stepEndOf(end, this.#model, findPriced);
    this.#line.problem = ended.status === 'failed' ? ended.outcome.summary : null;
    await session.endStep(step, { ...ended, ...sent });
    if (sent !== null && end.kind === 'answered') this.#makeRoom(end, sent);
  }

  /** Of what this call showed: pieces that the agent left out of it by itself take no room. */
  #makeRoom({ facts }: CallEnd, sent: Pick<ModelWindow, 'besides' | 'shown'>): void {
    const windowTokens = this.#line.parts.findPriced(this.#model.priced)?.windowTokens ?? null;
    const used = (facts.usage?.inputTokens ?? 0) + (facts.usage?.outputTokens ?? 0);
    if (windowTokens !== null && used < windowTokens * lookFrom) return;
    const { agent, session } = this.#line.seat;
    this.#line.room = session
      .makeRoom({ model: this.#model.label, windowTokens, ...sent })
      .catch((error: unknown) => this.#line.parts.log.error({ err: error, agent }, 'could not make room'));
  }

  #fail(error: unknown): void {
    const { response, wire } = this.#asked;
    const { agent } = this.#line.seat;
    // An answer that was passed on ends its connection, too: what fails after that is told.
    const isCut = this.#signal.aborted && (error === this.#signal.reason || isAbort(error));
    if (!isCut)
      this.#line.parts.log.error({ err: error, agent }, 'a call of the model failed in the gateway');
    if (this.#signal.aborted) {
      response.destroy();
      return;
    }
    const message = isFailure(error, 'stale-owner')
      ? 'codeframe runs this project in another process now'
      : `codeframe: ${problemOf(error)}`;
    refuse(response, { status: 503, body: wire.error(503, message) });
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

type BodyToSend = Pick<ProviderCall, 'body' | 'isUnpacked'>;

interface Sent {
  readonly end: CallEnd;
  /** The head of an answer that asks to come again; null: it is no use. */
  readonly retry: Readonly<Record<string, string | readonly string[] | undefined>> | null;
  /** What the agent has to be told when nobody calls again. */
  readonly refuse: { readonly status: number; readonly message: string } | null;
}

/** Below this share of the window nothing is counted: a flash save is far away. */
const lookFrom = 0.4;
