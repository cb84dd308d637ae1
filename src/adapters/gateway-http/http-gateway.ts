import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Gateway, GatewayLine, GatewaySeat } from '../../gateway/gateway.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { Line } from './line.ts';
import { ProviderConnections } from './provider-call.ts';
import type { RecordedProviders } from './recorded-provider.ts';
import { serveLine } from './serve-line.ts';

/** Opens the gateway of a project. It listens from the first line on, on 127.0.0.1 alone. */
export function openGateway(parts: GatewayParts): Gateway {
  return new HttpGateway(parts);
}

class HttpGateway implements Gateway {
  readonly #parts: GatewayParts;
  readonly #key: Uint8Array;
  /** By the hash of its secret, so that to look one up takes as long whatever was guessed. */
  readonly #lines = new Map<string, Line>();
  readonly #connections: ProviderConnections;
  #listening: Promise<Server> | undefined;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#connections = new ProviderConnections(parts.env);
    this.#key = parts.place?.key ?? randomBytes(32);
  }

  async open(seat: GatewaySeat): Promise<GatewayLine> {
    const server = await (this.#listening ??= this.#listen());
    const secret = createHmac('sha256', this.#key).update(seat.agent).digest('base64url');
    const name = nameOf(secret);
    const recordings = await this.#recordingsOf(seat);
    const line: Line = new Line(this.#parts, {
      seat: { ...seat, providers: recordings?.providers ?? seat.providers },
      baseUrl: `http://127.0.0.1:${portOf(server)}/${secret}`,
      close: async () => {
        if (this.#lines.get(name) === line) this.#lines.delete(name);
        await recordings?.[Symbol.asyncDispose]();
      },
    });
    this.#lines.set(name, line);
    return line;
  }

  /** Recordings are for demos and tests: what reads them is loaded when there is one. */
  async #recordingsOf({ providers }: GatewaySeat): Promise<RecordedProviders | null> {
    if (!providers.some(({ baseUrl }) => baseUrl.startsWith('recorded:'))) return null;
    const { withRecordings } = await import('./recorded-provider.ts');
    return withRecordings(providers, this.#parts.projectDir ?? '.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines.values()) await line[Symbol.asyncDispose]();
    this.#connections.close();
    const server = await this.#listening?.catch(() => undefined);
    if (server?.listening !== true) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  async #listen(): Promise<Server> {
    const { place } = this.#parts;
    const server = createServer((request, response) => this.#serve(request, response));
    // Calls are long, and their clients have limits of their own.
    server.requestTimeout = 0;
    server.headersTimeout = 60_000;
    server.keepAliveTimeout = 60_000;
    await listenOn(server, place?.port ?? 0).catch(() => listenOn(server, 0));
    place?.keep(portOf(server));
    // It serves what this process runs, and keeps no process alive.
    server.unref();
    return server;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const [, secret = '', path = ''] = /^\/([^/?]+)(.*)$/s.exec(request.url ?? '') ?? [];
    const line = this.#lines.get(nameOf(secret));
    if (line === undefined || !isOurHost(request)) {
      response.writeHead(404).end();
      return;
    }
    void serveLine({ line, connections: this.#connections, request, response, path });
  }
}

async function listenOn(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function nameOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** A page in a browser that was led here by a name of its own says that name. */
function isOurHost(request: IncomingMessage): boolean {
  return /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(request.headers.host ?? '');
}
