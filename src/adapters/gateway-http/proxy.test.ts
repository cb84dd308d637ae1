import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ProviderConnections, type ProviderCall } from './provider-call.ts';
import { proxyFor } from './proxy.ts';

const through = 'http://proxy.example:3128/';

describe('the proxy of a call', () => {
  it.each<[string, Record<string, string>, string | null]>([
    ['https://api.example/v1', {}, null],
    ['https://api.example/v1', { HTTPS_PROXY: through }, through],
    ['https://api.example/v1', { https_proxy: 'proxy.example:3128', HTTPS_PROXY: 'http://other' }, through],
    ['https://api.example/v1', { HTTP_PROXY: through }, null],
    ['http://api.example/v1', { HTTP_PROXY: through }, through],
    ['https://api.example/v1', { ALL_PROXY: through }, through],
    ['https://api.example/v1', { HTTPS_PROXY: through, NO_PROXY: 'other.example, api.example' }, null],
    ['https://eu.api.example/v1', { HTTPS_PROXY: through, NO_PROXY: '.api.example' }, null],
    ['https://eu.api.example/v1', { HTTPS_PROXY: through, no_proxy: '*.api.example' }, null],
    ['https://notapi.example/v1', { HTTPS_PROXY: through, NO_PROXY: 'api.example' }, through],
    ['https://api.example/v1', { HTTPS_PROXY: through, NO_PROXY: 'api.example:8443' }, through],
    ['https://api.example/v1', { HTTPS_PROXY: through, NO_PROXY: 'api.example:443' }, null],
    ['https://api.example/v1', { HTTPS_PROXY: through, NO_PROXY: '*' }, null],
    ['http://127.0.0.1:11434/v1', { HTTP_PROXY: through }, null],
    ['http://localhost:11434/v1', { HTTP_PROXY: through }, null],
  ])('%s with %j is %s', (url, env, proxy) => {
    expect(proxyFor(new URL(url), env)?.href ?? null).toBe(proxy);
  });

  it('is refused without being shown when it is none', () => {
    const env = { HTTPS_PROXY: 'socks5://me:pass@proxy.example' };
    expect(() => proxyFor(new URL('https://api.example'), env)).toThrow(
      /^HTTPS_PROXY is not the address of an HTTP proxy$/u,
    );
  });
});

interface OpenProxy extends AsyncDisposable {
  readonly server: Server;
  readonly env: Record<string, string>;
}

async function openProxy(): Promise<OpenProxy> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://me:pass%20word@127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    server,
    env: { HTTPS_PROXY: address, HTTP_PROXY: address },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function callOf(url: string): ProviderCall {
  const { signal } = new AbortController();
  const rawHeaders = ['X-Own', 'kept'];
  const body = Buffer.from('{}');
  return { url: new URL(url), method: 'POST', rawHeaders, body, isUnpacked: false, isPlain: false, signal };
}

const login = `Basic ${Buffer.from('me:pass word').toString('base64')}`;

describe('a call through a proxy', () => {
  it('to an http address asks the proxy for all of it', async () => {
    await using proxy = await openProxy();
    const asked = once(proxy.server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const connections = new ProviderConnections(proxy.env);
    const answering = connections.call(callOf('http://provider.invalid/v1/messages?beta=true'));
    const [request, response] = await asked;
    expect(request.url).toBe('http://provider.invalid/v1/messages?beta=true');
    expect(request.headers).toMatchObject({
      host: 'provider.invalid',
      'x-own': 'kept',
      'proxy-authorization': login,
    });
    response.writeHead(418).end();
    expect((await answering).statusCode).toBe(418);
    connections.close();
  });

  it('to an https address speaks TLS with the provider in a tunnel', async () => {
    await using proxy = await openProxy();
    const asked = once(proxy.server, 'connect') as Promise<[IncomingMessage, Socket]>;
    const connections = new ProviderConnections(proxy.env);
    const failing = connections.call(callOf('https://provider.invalid/v1')).catch((error: unknown) => error);
    const [request, socket] = await asked;
    expect(request.url).toBe('provider.invalid:443');
    expect(request.headers['proxy-authorization']).toBe(login);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const [hello] = (await once(socket, 'data')) as [Buffer];
    // The first record of a TLS handshake, with the name of whom it is for.
    expect(hello[0]).toBe(0x16);
    expect(hello.includes('provider.invalid')).toBe(true);
    socket.destroy();
    expect(await failing).toBeInstanceOf(Error);
    connections.close();
  });

  it('that the proxy refuses fails and says who refused', async () => {
    await using proxy = await openProxy();
    proxy.server.on('connect', (_, socket: Socket) =>
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    );
    const connections = new ProviderConnections(proxy.env);
    await expect(connections.call(callOf('https://provider.invalid/v1'))).rejects.toThrow(
      /the proxy 127\.0\.0\.1:\d+ answered 407 for provider\.invalid:443/u,
    );
    connections.close();
  });

  it('that cannot be reached fails and says so', async () => {
    const proxy = await openProxy();
    await proxy[Symbol.asyncDispose]();
    const connections = new ProviderConnections(proxy.env);
    await expect(connections.call(callOf('https://provider.invalid/v1'))).rejects.toThrow(
      /the proxy 127\.0\.0\.1:\d+ cannot be reached/u,
    );
    connections.close();
  });
});
