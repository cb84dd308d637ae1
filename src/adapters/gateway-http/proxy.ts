import { request as requestHttp, type ClientRequestArgs } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** As other programs read it: names in small letters hold where both are there. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that a call goes through by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; null: straight on, as always to
 * this machine itself. NO_PROXY: `*`, or names and addresses with commas between them, each with the names below it, and a
 * port where only that is meant. Throws when what is set is no address.
 */
export function proxyFor(url: URL, env: ProxyEnvironment): URL | null {
  const set = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';
  const own = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const said = [set(own), set('ALL_PROXY')].find((address) => address !== '');
  if (said === undefined || isLoopback(url.hostname) || isExempt(url, set('NO_PROXY'))) return null;
  const address = said.includes('://') ? said : `http://${said}`;
  // What it is stays unsaid: it may hold a password.
  if (!URL.canParse(address) || !/^https?:/iu.test(address))
    throw new Error(`${own} is not the address of an HTTP proxy`);
  return new URL(address);
}

/** What stands in Proxy-Authorization; null when the proxy's address names nobody. */
export function proxyAuthorization({ username, password }: URL): string | null {
  if (username === '') return null;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login, 'utf8').toString('base64')}`;
}

/** Reaches https addresses through a tunnel that a proxy makes; what goes through it the proxy cannot read. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;

  constructor(proxy: URL) {
    super({ keepAlive: true });
    this.#proxy = proxy;
  }

  override createConnection(
    options: ClientRequestArgs & ConnectionOptions,
    callback?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    // Node takes an error without a socket, which its types do not know.
    const done = callback as (error: Error | null, socket?: Socket) => void;
    const target = `${options.host ?? ''}:${options.port ?? 443}`;
    const authorization = proxyAuthorization(this.#proxy);
    const request = (this.#proxy.protocol === 'https:' ? requestHttps : requestHttp)(this.#proxy, {
      method: 'CONNECT',
      path: target,
      agent: false,
      headers: { host: target, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
    });
    request.once('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) return done(null, connectTls({ ...options, socket }));
      socket.destroy();
      done(new Error(`the proxy ${this.#proxy.host} answered ${response.statusCode} for ${target}`));
    });
    request.once('error', (error) => {
      done(new Error(`the proxy ${this.#proxy.host} cannot be reached: ${error.message}`, { cause: error }));
    });
    request.end();
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function isExempt({ hostname, port, protocol }: URL, exempt: string): boolean {
  const ownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return exempt.split(/[\s,]+/u).some((entry) => {
    if (entry === '*') return true;
    const [, name = '', onlyPort] = /^\*?\.?(.*?)(?::(\d+))?$/u.exec(entry.toLowerCase()) ?? [];
    if (name === '' || (onlyPort !== undefined && onlyPort !== ownPort)) return false;
    return hostname === name || hostname.endsWith(`.${name}`);
  });
}
