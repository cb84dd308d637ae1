import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as a provider gets it, byte for byte. */
export interface RawCall {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Resolves when the one who called is gone before the answer was complete. */
  readonly brokenOff: Promise<void>;
}

export type Answer = (call: RawCall, response: ServerResponse) => void | Promise<void>;

/** A provider on loopback whose every answer the test gives. */
export class RawProvider implements AsyncDisposable {
  readonly #server: Server;
  readonly calls: RawCall[] = [];
  answer: Answer;
  #arrived: (() => void)[] = [];

  private constructor(answer: Answer, server: Server) {
    this.answer = answer;
    this.#server = server;
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response),
    );
  }

  static async start(answer: Answer, server: Server = createServer()): Promise<RawProvider> {
    const provider = new RawProvider(answer, server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return provider;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when so many calls have come. */
  async called(times: number): Promise<void> {
    while (this.calls.length < times) await new Promise<void>((resolve) => this.#arrived.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const brokenOff = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
    const { method = '', url = '', rawHeaders, headers } = request;
    const call = { method, url, rawHeaders, headers, body: Buffer.concat(chunks), brokenOff };
    this.calls.push(call);
    for (const tell of this.#arrived.splice(0)) tell();
    await this.answer(call, response);
  }
}
