import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { openScene } from '../rig/gateway.ts';
import { wires as scripted } from '../rig/model-server.ts';
import { protocolCases } from '../rig/protocol-cases.ts';
import { begin, readAll, send } from '../rig/raw-client.ts';
import { RawProvider, type Answer } from '../rig/raw-provider.ts';

const history = [{ role: 'user', text: 'work' }] as const;

/** A request of a protocol, with its headers as they are written. */
function requestOf(protocol: (typeof protocolCases)[number], streamed = true) {
  const { path, headers, body } = protocol.request(history, streamed);
  return { path, headers: Object.entries(headers).flat(), body };
}

function stream(response: ServerResponse, events: readonly string[]): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) response.write(event);
  return response;
}

const [anthropic, chat] = protocolCases;

describe.each(protocolCases)('$protocol through the gateway', (protocol) => {
  const events = scripted.find(({ name }) => name === protocol.wireName)!.write({ text: 'Fine.' }, 1);
  const answerWell: Answer = (_call, response) => void stream(response, events).end();
  const { wire } = { wire: protocol.protocol };

  it('passes refusals on as they are, with their headers, and tells of those that have to wait', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      const status = provider.calls.length === 1 ? 429 : 529;
      response
        .writeHead(status, 'Busy', { 'Retry-After': '7', 'X-Odd': 'é' })
        .end('{"error":{"message":"later"}}');
    });
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url });
    const answers = [
      await send(scene.line.baseUrl, requestOf(protocol)),
      await send(scene.line.baseUrl, requestOf(protocol)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([429, 529]);
    expect(answers[0]?.headers['retry-after']).toBe('7');
    expect(answers[0]?.body.toString()).toBe('{"error":{"message":"later"}}');
    await scene.ended(2);
    expect(scene.session.waits).toEqual([
      { waitMs: 7_000, problem: 'the provider answered 429' },
      { waitMs: 7_000, problem: 'the provider answered 529' },
    ]);
    expect(scene.rows.steps[0]).toMatchObject({
      status: 'failed',
      outcome: { summary: 'the provider answered 429: later', isError: true },
    });
  });

  it('passes on what is no answer at all, and records it as failed', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      if (provider.calls.length === 1) stream(response, ['data: {"half":\n\n']).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in</html>');
    });
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url });
    expect((await send(scene.line.baseUrl, requestOf(protocol))).body.toString()).toBe('data: {"half":\n\n');
    expect((await send(scene.line.baseUrl, requestOf(protocol))).body.toString()).toBe('<html>Log in</html>');
    await scene.ended(2);
    expect(scene.rows.steps.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  it('breaks off towards the agent where the provider does', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      stream(response, events.slice(0, 1));
      setImmediate(() => response.destroy());
    });
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url });
    const answer = await send(scene.line.baseUrl, requestOf(protocol));
    expect([answer.complete, answer.body.toString()]).toEqual([false, events[0]]);
    await scene.ended(1);
    expect(scene.rows.steps[0]).toMatchObject({ status: 'failed' });
  });

  it('breaks off towards the provider where the agent does', async () => {
    await using provider = await RawProvider.start(
      (_call, response) => void stream(response, events.slice(0, 1)),
    );
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url });
    const { request, head } = begin(scene.line.baseUrl, requestOf(protocol));
    (await head).on('error', () => undefined);
    request.destroy();
    await provider.calls[0]?.brokenOff;
    await scene.ended(1);
    expect(scene.rows.steps[0]).toMatchObject({
      status: 'interrupted',
      outcome: { summary: 'the agent broke off' },
    });
  });

  it('cuts a provider that never ends, and what waits; and goes on after a release', async () => {
    await using provider = await RawProvider.start(
      (_call, response) => void stream(response, events.slice(0, 1)),
    );
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url });
    const { line } = scene;
    const endless = await begin(line.baseUrl, requestOf(protocol)).head;
    const read = readAll(endless);
    expect(line.inFlight()).toBe(1);
    line.hold();
    const waiting = begin(line.baseUrl, requestOf(protocol)).head.then(readAll, () => null);
    await expect.poll(() => line.held()).toBe(1);
    const idle = line.idle(AbortSignal.timeout(10_000));
    line.cut();
    await idle;
    expect((await read).complete).toBe(false);
    expect((await waiting)?.complete ?? false).toBe(false);
    await provider.calls[0]?.brokenOff;
    await expect(send(line.baseUrl, requestOf(protocol))).rejects.toThrow(/hang up|ECONNRESET/);
    expect([line.inFlight(), line.held(), provider.calls.length]).toEqual([0, 0, 1]);
    expect(scene.rows.steps).toMatchObject([
      { status: 'interrupted', outcome: { summary: 'codeframe cut the call' } },
    ]);
    provider.answer = answerWell;
    line.release();
    expect((await send(line.baseUrl, requestOf(protocol))).body.toString()).toBe(events.join(''));
  });

  it('answers in the shape of the protocol when there is nobody to ask', async () => {
    await using gone = await RawProvider.start(answerWell);
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    await using scene = await openScene({ protocol: wire, baseUrl: url });
    const answer = await send(scene.line.baseUrl, requestOf(protocol));
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      error: { message: expect.stringContaining(url) as string },
    });
    const other = protocolCases.find((one) => one.protocol !== wire)!;
    const refused = await send(scene.line.baseUrl, requestOf(other));
    expect([refused.status, refused.body.toString()]).toEqual([
      400,
      expect.stringContaining(`speaks ${other.protocol}`),
    ]);
    await scene.ended(1);
    expect(scene.rows.steps).toMatchObject([{ status: 'failed' }]);
  });

  it('waits out a busy provider for a call that it held, and tells its refusal as an event', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      if (provider.calls.length < 3) response.writeHead(503, { 'retry-after-ms': '1' }).end('{}');
      else if (provider.calls.length === 3) stream(response, events).end();
      else response.writeHead(400).end('{"error":{"message":"too long"}}');
    });
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url });
    scene.line.hold();
    const first = begin(scene.line.baseUrl, requestOf(protocol));
    await first.head;
    scene.line.release();
    const answer = await readAll(await first.head);
    expect([answer.status, answer.body.toString().endsWith(events.join('')), provider.calls.length]).toEqual([
      200,
      true,
      3,
    ]);
    scene.line.hold();
    const second = begin(scene.line.baseUrl, requestOf(protocol));
    await second.head;
    scene.line.release();
    expect((await readAll(await second.head)).body.toString()).toContain('too long');
    await scene.ended(2);
    expect(scene.rows.steps.map(({ status }) => status)).toEqual(['completed', 'failed']);
  });

  it('keeps a held call that is no stream alive with white space, and gives its answer as JSON', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"whatever"}');
    });
    await using scene = await openScene({ protocol: wire, baseUrl: provider.url }, { spaceMs: 20 });
    scene.line.hold();
    const { head } = begin(scene.line.baseUrl, requestOf(protocol, false));
    const response = await head;
    scene.line.release();
    const answer = await readAll(response);
    expect(answer.body.toString()).toMatch(/^ +\{"object":"whatever"\}$/);
    expect(JSON.parse(answer.body.toString())).toEqual({ object: 'whatever' });
  });

  it('finds its gateway again after it was started anew, at the same address', async () => {
    await using provider = await RawProvider.start(answerWell);
    const place = {
      port: null as number | null,
      key: randomBytes(32),
      keep: (port: number) => void (place.port = port),
    };
    const first = await openScene({ protocol: wire, baseUrl: provider.url }, { place });
    const { baseUrl } = first.line;
    first.line.hold();
    const waiting = begin(baseUrl, requestOf(protocol));
    const cutOff = readAll(await waiting.head);
    await first[Symbol.asyncDispose]();
    expect((await cutOff).complete).toBe(false);
    expect(provider.calls).toHaveLength(0);
    await using second = await openScene(
      { protocol: wire, baseUrl: provider.url },
      { place, rows: first.rows },
    );
    expect(second.line.baseUrl).toBe(baseUrl);
    expect((await send(baseUrl, requestOf(protocol))).body.toString()).toBe(events.join(''));
    await second.ended(1);
    expect(second.rows.items).toHaveLength(1);
  });
});

describe('bytes', () => {
  it('are the same both ways, whatever the path and the headers, compressed or not', async () => {
    const packed = gzipSync(scripted[0]!.write({ text: 'Packed.' }, 1).join(''));
    await using provider = await RawProvider.start((_call, response) => {
      const headers = [
        'Content-Type',
        'text/event-stream',
        'Content-Encoding',
        'gzip',
        'X-Twice',
        '1',
        'X-Twice',
        '2',
      ];
      response.writeHead(200, 'Very well', [...headers, 'Connection', 'keep-alive', 'Date', 'then']);
      response.end(packed);
    });
    await using scene = await openScene({
      protocol: 'anthropic-messages',
      baseUrl: `${provider.url}/proxy/api`,
    });
    const body = `{ "model":"m", "stream" : true,"big":12345678901234567890, "messages":[{"role":"user","content":"\\u00e9"}] }\n`;
    const sent = [
      'anthropic-beta',
      'a,b',
      'X-Twice',
      '1',
      'X-Twice',
      '2',
      'Accept-Encoding',
      'gzip',
      'Connection',
      'close, x-hop',
      'X-Hop',
      'no',
    ];
    const answer = await send(scene.line.baseUrl, {
      path: '/v1/messages?beta=true&x=%2F',
      headers: sent,
      body,
    });
    expect(answer.body.equals(packed)).toBe(true);
    expect(answer.rawHeaders.slice(0, 10)).toEqual([
      'Content-Type',
      'text/event-stream',
      'Content-Encoding',
      'gzip',
      'X-Twice',
      '1',
      'X-Twice',
      '2',
      'Date',
      'then',
    ]);
    const [call] = provider.calls;
    expect([call?.method, call?.url, call?.body.toString()]).toEqual([
      'POST',
      '/proxy/api/v1/messages?beta=true&x=%2F',
      body,
    ]);
    expect(call?.rawHeaders).toEqual([
      'Host',
      `127.0.0.1:${provider.port}`,
      'anthropic-beta',
      'a,b',
      'X-Twice',
      '1',
      'X-Twice',
      '2',
      'Accept-Encoding',
      'gzip',
      'Content-Length',
      String(Buffer.byteLength(body)),
      'Connection',
      'keep-alive',
    ]);
    await scene.ended(1);
    expect(scene.rows.costs).toMatchObject([{ inputTokens: 100, outputTokens: 7 }]);
  });

  it('may be 30 MB, read no faster than the other side takes them', async () => {
    const [asked, answered] = [randomBytes(22_000_000).toString('base64'), randomBytes(30_000_000)];
    let written = 0;
    await using provider = await RawProvider.start(async (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      for (; written < answered.length; written += 1_000_000) {
        const more = response.write(answered.subarray(written, written + 1_000_000));
        if (!more) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end();
    });
    await using scene = await openScene({ protocol: 'openai-chat', baseUrl: provider.url });
    const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${asked}` } };
    const body = JSON.stringify({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: [picture] }],
    });
    const head = await begin(scene.line.baseUrl, { path: '/v1/chat/completions', body }).head;
    await expect
      .poll(async () => {
        const before = written;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return written - before;
      })
      .toBe(0);
    expect(written).toBeLessThan(answered.length / 2);
    const answer = await readAll(head);
    expect(answer.body.equals(answered)).toBe(true);
    expect(provider.calls[0]?.body.equals(Buffer.from(body))).toBe(true);
    const tooLong = await send(scene.line.baseUrl, {
      path: '/v1/chat/completions',
      body: Buffer.alloc(65 * 1024 * 1024, 32),
    });
    expect([tooLong.status, tooLong.body.toString()]).toEqual([413, expect.stringContaining('64 MB')]);
  });

  it.runIf(spawnSync('openssl', ['version']).status === 0)('go to a provider over TLS', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'codeframe-tls-'));
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
    ];
    execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
    rmSync(dir, { recursive: true });
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    try {
      const answer: Answer = (_call, response) => void response.end('{}');
      await using provider = await RawProvider.start(answer, server);
      await using scene = await openScene({
        protocol: 'anthropic-messages',
        baseUrl: `https://127.0.0.1:${provider.port}`,
      });
      const answered = await send(scene.line.baseUrl, requestOf(anthropic!));
      expect([answered.status, answered.body.toString()]).toEqual([200, '{}']);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('an address', () => {
  it('is told to nobody who does not know it, nor to a page that came by a name of its own', async () => {
    await using provider = await RawProvider.start((_call, response) => void response.end('{}'));
    await using scene = await openScene({ protocol: 'anthropic-messages', baseUrl: provider.url });
    const { origin, pathname } = new URL(scene.line.baseUrl);
    expect(pathname.length).toBeGreaterThan(40);
    for (const path of [
      '/',
      '/v1/messages',
      `${pathname.slice(0, -1)}/v1/messages`,
      `${pathname}x/v1/messages`,
    ]) {
      const answer = await send(origin, { path });
      expect([answer.status, answer.body.length]).toEqual([404, 0]);
    }
    const url = new URL(`${scene.line.baseUrl}/v1/models`);
    const foreign = await fetch(url, { headers: { host: 'evil.example' } }).then(({ status }) => status);
    const { status } = await send(scene.line.baseUrl, { path: '/v1/models', method: 'GET' });
    expect([status, provider.calls.length]).toEqual([200, foreign === 200 ? 2 : 1]);
  });

  it('passes what is no call of the model on, also while it is held, and writes nothing down', async () => {
    await using provider = await RawProvider.start(
      (call, response) => void response.end(`${call.method} ${call.url}`),
    );
    await using scene = await openScene({ protocol: 'anthropic-messages', baseUrl: provider.url });
    scene.line.hold();
    const models = await send(scene.line.baseUrl, { path: '/v1/models?limit=1', method: 'GET' });
    expect(models.body.toString()).toBe('GET /v1/models?limit=1');
    const counted = await send(scene.line.baseUrl, { path: '/v1/messages/count_tokens', body: '{}' });
    expect(counted.body.toString()).toBe('POST /v1/messages/count_tokens');
    expect(scene.rows.steps).toEqual([]);
  });

  it('sends nothing for a project that is another’s by now', async () => {
    await using provider = await RawProvider.start((_call, response) => void response.end('{}'));
    await using scene = await openScene({ protocol: 'openai-chat', baseUrl: provider.url });
    scene.session.stale = true;
    const answer = await send(scene.line.baseUrl, requestOf(chat!));
    expect([answer.status, answer.body.toString()]).toEqual([
      503,
      expect.stringContaining('another process'),
    ]);
    expect(provider.calls).toEqual([]);
  });

  it('keeps many calls of one agent apart', async () => {
    await using provider = await RawProvider.start((call, response) => void response.end(call.body));
    await using scene = await openScene({ protocol: 'openai-chat', baseUrl: provider.url });
    const bodies = Array.from({ length: 40 }, (_, n) =>
      JSON.stringify({ model: 'm', tools: [{}], messages: [{ role: 'user', content: `question ${n}` }] }),
    );
    const answers = await Promise.all(
      bodies.map((body) => send(scene.line.baseUrl, { path: '/v1/chat/completions', body })),
    );
    expect(answers.map(({ body }) => body.toString())).toEqual(bodies);
    await scene.ended(40);
    expect(scene.rows.items.map(({ text }) => text).sort()).toEqual(
      bodies.map((_, n) => `question ${n}`).sort(),
    );
  });
});
