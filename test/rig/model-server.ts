import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Message } from '../../src/agent/model.ts';
import { sendableProblem } from './legal.ts';
import { anthropicWire } from './wire/anthropic.ts';
import { geminiWire } from './wire/gemini.ts';
import { openaiChatWire } from './wire/openai-chat.ts';
import { openaiResponsesWire } from './wire/openai-responses.ts';
import type { Json, ScriptTurn, Wire } from './wire/wire.ts';
import { BadRequest } from './wire/wire.ts';

export type { ScriptTurn, Wire } from './wire/wire.ts';

export const wires: readonly Wire[] = [anthropicWire, openaiResponsesWire, openaiChatWire, geminiWire];

/** What the server does instead of a proper reply. */
export type Misbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** A proxy's page with status 200. */
  | { readonly kind: 'html' }
  /** A stream whose events are not JSON. */
  | { readonly kind: 'broken-json' }
  /** The connection is dropped in the middle of the stream. */
  | { readonly kind: 'dropped' }
  /** The stream ends properly, but too early. */
  | { readonly kind: 'ends-early' }
  /** It begins to answer and never goes on; or never answers at all. */
  | { readonly kind: 'hangs'; readonly after: 'some' | 'nothing' };

export interface Received {
  readonly wire: string;
  readonly history: readonly Message[];
  readonly key: unknown;
  readonly body: Json;
}

/**
 * A scripted model on loopback that speaks four wire protocols and checks every history as strictly as the strictest
 * provider: 400 for anything that is not legal. Which turn it answers with is decided from the history alone.
 */
export class ModelServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #script: readonly ScriptTurn[];
  readonly received: Received[] = [];
  /** Histories that were refused, with why. A test ends with none. */
  readonly refused: string[] = [];
  /** Asked before each reply, with the number of the request, from 1; null: reply properly. */
  misbehave: (request: number) => Misbehaviour | null = () => null;
  #requests = 0;
  #arrived: (() => void)[] = [];

  private constructor(script: readonly ScriptTurn[]) {
    this.#script = script;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(script: readonly ScriptTurn[]): Promise<ModelServer> {
    const server = new ModelServer(script);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** The address for a client of this protocol. */
  url(wire: Wire): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${wire.base}`;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Resolves when the next request has arrived. */
  nextRequest(): Promise<void> {
    return new Promise((resolve) => this.#arrived.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const wire = wires.find((candidate) => candidate.path.test(path));
    const body = await readBody(request);
    if (!wire) {
      sendJson(response, { status: 404 }, { error: { message: `no such path: ${path}` } });
      return;
    }
    this.#requests += 1;
    const fault = this.misbehave(this.#requests);
    for (const tell of this.#arrived.splice(0)) tell();
    try {
      this.#answer({ wire, request, response, body }, fault);
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      this.refused.push(`${wire.name}: ${error.message}`);
      sendJson(response, { status: 400 }, wire.error(400, error.message));
    }
  }

  #answer(
    call: { wire: Wire; request: IncomingMessage; response: ServerResponse; body: Json },
    fault: Misbehaviour | null,
  ): void {
    const { wire, request, response, body } = call;
    const history = wire.read(body);
    const problem = sendableProblem(history);
    if (problem !== null) throw new BadRequest(problem);
    this.received.push({ wire: wire.name, history, key: wire.key(request.headers), body });
    const replies = history.filter((message) => message.role === 'assistant').length;
    const turn = this.#script[replies];
    if (!turn) throw new BadRequest(`the script has only ${this.#script.length} turns`);
    const events = wire.write(turn, replies + 1);
    if (fault) misbehaveWith(fault, { wire, response, events });
    else sendEvents(response, events).end();
  }
}

function misbehaveWith(
  fault: Misbehaviour,
  reply: { readonly wire: Wire; readonly response: ServerResponse; readonly events: readonly string[] },
): void {
  const { wire, response, events } = reply;
  const some = events.slice(0, Math.ceil(events.length / 2));
  switch (fault.kind) {
    case 'status':
      sendJson(response, fault, wire.error(fault.status, `told to answer ${fault.status}`));
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Log in</body></html>');
      return;
    case 'broken-json':
      sendEvents(response, ['data: {"half":\n\n']).end();
      return;
    case 'dropped':
      sendEvents(response, some);
      setImmediate(() => response.destroy());
      return;
    case 'ends-early':
      sendEvents(response, some).end();
      return;
    case 'hangs':
      if (fault.after === 'some') sendEvents(response, some);
  }
}

function sendEvents(response: ServerResponse, events: readonly string[]): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) response.write(event);
  return response;
}

function sendJson(
  response: ServerResponse,
  answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>> },
  body: object,
): void {
  response
    .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    .end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? null : (JSON.parse(text) as Json);
}
