import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { headersToProvider } from './headers.ts';
import { proxyAuthorization, proxyFor, TunnelAgent, type ProxyEnvironment } from './proxy.ts';

/** What is sent to a provider. */
export interface ProviderCall {
  readonly url: URL;
  readonly method: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** The agent packed the body, and it is sent without that. */
  readonly isUnpacked: boolean;
  /** Ask for a reply that is not compressed. */
  readonly isPlain: boolean;
  /** Ends the call, whatever it is doing. */
  readonly signal: AbortSignal;
}

/** Connections to providers, kept open between calls; through the proxy that the environment names for them. */
export class ProviderConnections {
  readonly #env: ProxyEnvironment;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });
  /** By the proxy's address. */
  readonly #tunnels = new Map<string, TunnelAgent>();

  constructor(env: ProxyEnvironment = {}) {
    this.#env = env;
  }

  /** Resolves with the answer's head; rejects when the provider cannot be reached or breaks off before it. */
  async call(call: ProviderCall): Promise<IncomingMessage> {
    const first = await this.#send(call);
    if (first.ok) return first.response;
    // A kept connection that the provider closed in this very moment: nothing was read of the call.
    if (!first.wasIdle || call.signal.aborted) throw first.error;
    const second = await this.#send(call);
    if (second.ok) return second.response;
    throw second.error;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
    for (const tunnel of this.#tunnels.values()) tunnel.destroy();
  }

  #send(call: ProviderCall): Promise<Sent> {
    const { url, method, signal, body, isPlain, isUnpacked } = call;
    const options = {
      method,
      signal,
      headers: headersToProvider(call.rawHeaders, { url, bodyBytes: body.length, isPlain, isUnpacked }),
    };
    const proxy = proxyFor(url, this.#env);
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, agent: proxy === null ? this.#https : this.#tunnelThrough(proxy) })
        : proxy === null
          ? requestHttp(url, { ...options, agent: this.#http })
          : this.#sendPlain(url, proxy, options);
    const sent = outcomeOf(request);
    request.end(body);
    return sent;
  }

  /** A proxy is asked for the whole address. */
  #sendPlain(
    url: URL,
    proxy: URL,
    options: RequestOptions & { readonly headers: readonly string[] },
  ): ClientRequest {
    const authorization = proxyAuthorization(proxy);
    const login = authorization === null ? [] : ['Proxy-Authorization', authorization];
    const asked = { ...options, path: url.href, headers: [...options.headers, ...login] };
    return proxy.protocol === 'https:'
      ? requestHttps(proxy, { ...asked, agent: this.#https })
      : requestHttp(proxy, { ...asked, agent: this.#http });
  }

  #tunnelThrough(proxy: URL): TunnelAgent {
    const known = this.#tunnels.get(proxy.href);
    if (known !== undefined) return known;
    const tunnel = new TunnelAgent(proxy);
    this.#tunnels.set(proxy.href, tunnel);
    return tunnel;
  }
}

type Sent =
  | { readonly ok: true; readonly response: IncomingMessage }
  | { readonly ok: false; readonly error: Error; readonly wasIdle: boolean };

function outcomeOf(request: ClientRequest): Promise<Sent> {
  return new Promise((resolve) => {
    request.once('response', (response) => resolve({ ok: true, response }));
    // After the head an error also ends the response, which whoever reads it is told by.
    request.on('error', (error) => {
      const wasClosed = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      resolve({ ok: false, error, wasIdle: request.reusedSocket && wasClosed });
    });
  });
}
