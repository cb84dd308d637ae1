import { once } from 'node:events';
import { request as requestHttp, type ServerResponse } from 'node:http';
import { gzipSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { openScene } from '../rig/gateway.ts';
import { wires as scripted } from '../rig/model-server.ts';
import { protocolCases } from '../rig/protocol-cases.ts';
import { begin, readAll } from '../rig/raw-client.ts';
import { RawProvider } from '../rig/raw-provider.ts';

const history = [{ role: 'user', text: 'work' }] as const;
const [anthropic] = protocolCases;
const protocol = 'anthropic-messages';

function requestOf(streamed = true) {
  const { path, headers, body } = anthropic!.request(history, streamed);
  return { path, headers: Object.entries(headers).flat(), body };
}

/** Writes for as long as somebody reads; tells how often it could. */
async function flood(response: ServerResponse, written: () => void): Promise<void> {
  const some = `data: ${'x'.repeat(60_000)}\n\n`;
  while (!response.destroyed) {
    written();
    if (response.write(some)) continue;
    await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
}

describe('after a cut', () => {
  it('nothing is open of an answer that the agent does not read', async () => {
    let writes = 0;
    await using provider = await RawProvider.start((_call, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return flood(response, () => (writes += 1));
    });
    await using scene = await openScene({ protocol, baseUrl: provider.url });
    const head = (await begin(scene.line.baseUrl, requestOf()).head).pause();
    head.on('error', () => undefined);
    // Until all buffers are full, and the gateway waits for the agent.
    await expect
      .poll(
        async () => {
          const before = writes;
          await new Promise((resolve) => setTimeout(resolve, 200));
          return writes - before;
        },
        { timeout: 60_000 },
      )
      .toBe(0);
    scene.line.cut();
    await provider.calls[0]?.brokenOff;
    await scene.line.idle(new AbortController().signal);
    await scene.ended(1);
    expect(scene.line.inFlight()).toBe(0);
    expect(scene.rows.steps).toMatchObject([
      { status: 'interrupted', outcome: { summary: 'codeframe cut the call' } },
    ]);
  });

  it('nothing is open of what was only passed on, nor of a call that is still being sent', async () => {
    await using provider = await RawProvider.start((_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('[');
    });
    await using scene = await openScene({ protocol, baseUrl: provider.url });
    const { line } = scene;
    const models = begin(line.baseUrl, { path: '/v1/models', method: 'GET' });
    const listed = readAll(await models.head);
    expect(line.inFlight()).toBe(0);
    const url = new URL(`${line.baseUrl}/v1/messages`);
    const half = requestHttp(url, { method: 'POST', headers: { 'content-length': 1_000 }, agent: false });
    const broken = once(half, 'error');
    half.write('{"model":');
    await expect.poll(() => line.inFlight()).toBe(1);
    line.hold();
    expect(line.held()).toBe(0);
    line.cut();
    expect((await listed).complete).toBe(false);
    await broken;
    await provider.calls[0]?.brokenOff;
    await line.idle(new AbortController().signal);
    expect([line.inFlight(), provider.calls.length, scene.rows.steps]).toEqual([0, 1, []]);
  });

  it('what was used until then is written down, of an answer that is packed too', async () => {
    const start = scripted[0]!.write({ text: 'Packed.' }, 1)[0]!;
    const packed = gzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH });
    await using provider = await RawProvider.start((_call, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.write(packed);
    });
    await using scene = await openScene({ protocol, baseUrl: provider.url });
    const head = await begin(scene.line.baseUrl, requestOf()).head;
    await once(head, 'data');
    head.on('error', () => undefined);
    scene.line.cut();
    await scene.ended(1);
    expect(scene.rows.steps).toMatchObject([{ status: 'interrupted' }]);
    expect(scene.rows.costs).toMatchObject([{ inputTokens: 100, cacheReadTokens: 40 }]);
  });
});

it('tells of the end of a call that could not be written down, though the agent has its answer and is gone', async () => {
  const events = scripted[0]!.write({ text: 'Fine.' }, 1);
  await using provider = await RawProvider.start((_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));
  });
  let tell = (_error: unknown): void => undefined;
  const told = new Promise<unknown>((resolve) => (tell = resolve));
  const error = (about: object): void => tell((about as { readonly err: unknown }).err);
  await using scene = await openScene({ protocol, baseUrl: provider.url }, { log: { ...silentLog, error } });
  let fail = (): void => undefined;
  const failing = new Promise<void>((resolve) => (fail = resolve));
  const full = new Error('the disk is full');
  scene.session.endStep = async () => {
    await failing;
    throw full;
  };
  const exchange = begin(scene.line.baseUrl, requestOf());
  expect((await readAll(await exchange.head)).body.toString()).toBe(events.join(''));
  exchange.request.destroy();
  fail();
  expect(await told).toBe(full);
});

describe('two calls at once of one agent', () => {
  it('are a safe point when both wait, and not before', async () => {
    const events = scripted[0]!.write({ text: 'Fine.' }, 1);
    let finish = (): void => undefined;
    await using provider = await RawProvider.start((_call, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events[0]);
      finish = () => void response.end(events.slice(1).join(''));
    });
    await using scene = await openScene({ protocol, baseUrl: provider.url });
    const { line } = scene;
    const first = readAll(await begin(line.baseUrl, requestOf()).head);
    line.hold();
    const second = begin(line.baseUrl, requestOf());
    await expect.poll(() => line.held()).toBe(1);
    expect(line.inFlight()).toBe(1);
    const idle = line.idle(new AbortController().signal);
    finish();
    await idle;
    expect((await first).complete).toBe(true);
    expect([line.inFlight(), line.held()]).toEqual([0, 1]);
    // One that goes away while it waits leaves nothing behind, and the other waits on.
    const third = begin(line.baseUrl, requestOf());
    await expect.poll(() => line.held()).toBe(2);
    (await third.head).on('error', () => undefined);
    third.request.destroy();
    await expect.poll(() => line.held()).toBe(1);
    line.release();
    await provider.called(2);
    finish();
    expect((await readAll(await second.head)).complete).toBe(true);
    await scene.ended(2);
    expect(scene.rows.steps.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(provider.calls).toHaveLength(2);
  });
});
