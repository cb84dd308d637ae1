import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createOpenModel } from '../../src/adapters/model-ai-sdk/open-model.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { Clock } from '../../src/clock.ts';
import { openScene } from '../rig/gateway.ts';
import { ModelServer, wires as scripted } from '../rig/model-server.ts';
import { protocolCases } from '../rig/protocol-cases.ts';
import { begin, readAll, send } from '../rig/raw-client.ts';
import { RawProvider } from '../rig/raw-provider.ts';

const history = [{ role: 'user', text: 'work' }] as const;
const env = { ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k', GEMINI_API_KEY: 'k' };
const models: Readonly<Record<string, string>> = {
  anthropic: 'claude-sonnet-4-5',
  openai: 'gpt-5',
  google: 'gemini-2.5-pro',
};
/** As many as a hold of 15 minutes has. */
const noOps = 90;

/** A clock whose waits the test ends. */
function orderedClock(): { readonly clock: Clock; readonly waits: number[]; readonly go: () => void } {
  const waits: number[] = [];
  const waiting: (() => void)[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    waits.push(ms);
    return new Promise((resolve) => {
      waiting.push(resolve);
      signal?.addEventListener('abort', () => resolve());
    });
  };
  return { clock: { ...systemClock, sleep }, waits, go: () => waiting.shift()?.() };
}

describe.each(protocolCases)('a hold in $protocol', (protocol) => {
  const wire = scripted.find(({ name }) => name === protocol.wireName)!;
  const events = wire.write({ text: 'Fine.' }, 1);
  const sentBy = () => {
    const { path, headers, body } = protocol.request(history);
    return { path, headers: Object.entries(headers).flat(), body };
  };

  it('of as many no-ops as 15 minutes have is nothing to a vendor’s own client', async () => {
    await using provider = await ModelServer.start([{ text: 'Held and answered.' }]);
    const direct = provider.url(wire).slice(0, -wire.base.length);
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl: direct }, { noOpMs: 2 });
    scene.line.hold();
    const model = await createOpenModel({ env, clock: systemClock })({
      agent: 'ada',
      model: `${wire.name}:${models[wire.name] ?? 'scripted'}`,
      baseUrl: scene.line.baseUrl + wire.base,
      projectDir: '.',
    });
    const messages = [{ role: 'user', text: 'work' }] as const;
    const signal = AbortSignal.timeout(60_000);
    const reply = model.generate({ instructions: 'You are a tester.', messages, tools: [], signal });
    await expect.poll(() => scene.line.held()).toBe(1);
    // The same wait as another sees it, who counts.
    const watching = begin(scene.line.baseUrl, sentBy());
    const seen = await watching.head;
    seen.on('error', () => undefined);
    let text = '';
    for await (const piece of seen as AsyncIterable<Buffer>) {
      text += piece.toString();
      if (text.split('\n\n').length > noOps) break;
    }
    expect(provider.requests).toBe(0);
    await expect.poll(() => scene.line.held()).toBe(1);
    scene.line.release();
    expect((await reply).parts).toMatchObject([{ type: 'text', text: 'Held and answered.' }]);
    expect([provider.requests, provider.refused]).toEqual([1, []]);
  });

  it('waits 429 and 529 out as long as the provider asks, and is held again meanwhile', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      const busy = [
        { status: 429, headers: { 'retry-after': '7' } },
        { status: 529, headers: { 'retry-after-ms': '1500' } },
        { status: 503, headers: {} },
      ][provider.calls.length - 1];
      if (busy !== undefined)
        response.writeHead(busy.status, busy.headers).end('{"error":{"message":"later"}}');
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));
    });
    const { clock, waits, go } = orderedClock();
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl: provider.url }, { clock });
    const { line } = scene;
    line.hold();
    const { head } = begin(line.baseUrl, sentBy());
    const answer = readAll(await head);
    line.release();
    await expect.poll(() => waits).toEqual([7_000]);
    expect([line.inFlight(), line.held()]).toEqual([1, 0]);
    const idle = line.idle(new AbortController().signal);
    line.hold();
    await idle;
    expect([line.inFlight(), line.held()]).toEqual([0, 1]);
    go();
    await new Promise((resolve) => setImmediate(resolve));
    expect([line.held(), provider.calls.length]).toEqual([1, 1]);
    line.release();
    await expect.poll(() => waits).toEqual([7_000, 1_500]);
    go();
    await expect.poll(() => waits).toEqual([7_000, 1_500, 4_000]);
    go();
    expect((await answer).body.toString().endsWith(events.join(''))).toBe(true);
    await scene.ended(1);
    expect(scene.rows.steps.map(({ status }) => status)).toEqual(['completed']);
    expect(scene.session.waits.map(({ problem }) => problem)).toEqual([
      'the provider answered 429',
      'the provider answered 529',
      'the provider answered 503',
    ]);
  });

  it('that is cut while a busy provider is waited out is interrupted, and calls nobody any more', async () => {
    await using provider = await RawProvider.start(
      (_call, response) => void response.writeHead(529, { 'retry-after': '60' }).end('{}'),
    );
    const { clock, waits } = orderedClock();
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl: provider.url }, { clock });
    scene.line.hold();
    const answer = readAll(await begin(scene.line.baseUrl, sentBy()).head);
    scene.line.release();
    await expect.poll(() => waits).toEqual([60_000]);
    scene.line.cut();
    expect((await answer).complete).toBe(false);
    await scene.ended(1);
    expect([scene.rows.steps[0]?.status, provider.calls.length]).toEqual(['interrupted', 1]);
  });

  it('is broken off by a provider that cuts its stream, and by one that never answers when it is cut', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      if (provider.calls.length > 1) return;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(events[0]);
      setImmediate(() => response.destroy());
    });
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl: provider.url });
    const { line } = scene;
    line.hold();
    const first = readAll(await begin(line.baseUrl, sentBy()).head);
    line.release();
    const broken = await first;
    expect([broken.complete, broken.body.toString().endsWith(events[0]!)]).toEqual([false, true]);
    const second = send(line.baseUrl, sentBy()).catch(() => null);
    await provider.called(2);
    line.cut();
    expect(await second).toBeNull();
    await provider.calls[1]?.brokenOff;
    await scene.ended(2);
    expect(scene.rows.steps.map(({ status }) => status)).toEqual(['failed', 'interrupted']);
  });
});

describe('an address that is no provider', () => {
  it.each([
    ['speaks something else', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['closes at once', ''],
  ])('is told to its agent when it %s, and other agents go on', async (_name, words) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(words));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using fine = await RawProvider.start((_call, response) => void response.end('{}'));
    try {
      const others = [{ protocol: 'openai-chat', baseUrl: fine.url, recorded: false } as const];
      await using scene = await openScene({ protocol: 'anthropic-messages', baseUrl }, { others });
      const [anthropic, chat] = protocolCases.map((one) => one.request(history));
      const refused = await send(scene.line.baseUrl, { path: anthropic!.path, body: anthropic!.body });
      expect(refused.status).toBe(502);
      expect(JSON.parse(refused.body.toString())).toMatchObject({
        type: 'error',
        error: { message: expect.stringContaining(`could not reach ${baseUrl}`) as string },
      });
      await scene.ended(1);
      expect(scene.line.problem).toContain(`could not reach ${baseUrl}`);
      const models = await send(scene.line.baseUrl, {
        path: '/v1/models',
        method: 'GET',
        headers: ['anthropic-version', '2023-06-01'],
      });
      expect(models.status).toBe(502);
      expect((await send(scene.line.baseUrl, { path: chat!.path, body: chat!.body })).status).toBe(200);
      await scene.ended(2);
      expect(scene.rows.steps[0]).toMatchObject({ status: 'failed', outcome: { isError: true } });
    } finally {
      server.close();
    }
  });
});
