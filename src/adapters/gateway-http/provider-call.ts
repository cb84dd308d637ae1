import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { headersToProvider } from './headers.ts';

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

/** Connections to providers, kept open between calls. */
export class ProviderConnections {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https = new HttpsAgent({ keepAlive: true });

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
  }

  #send(call: ProviderCall): Promise<Sent> {
    const { url, method, signal, body, isPlain, isUnpacked } = call;
    const options = {
      method,
      signal,
      headers: headersToProvider(call.rawHeaders, { url, bodyBytes: body.length, isPlain, isUnpacked }),
    };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, agent: this.#https })
        : requestHttp(url, { ...options, agent: this.#http });
    const sent = outcomeOf(request);
    request.end(body);
    return sent;
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
