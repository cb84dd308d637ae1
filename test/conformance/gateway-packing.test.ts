import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { openScene } from '../rig/gateway.ts';
import { wires as scripted } from '../rig/model-server.ts';
import { protocolCases } from '../rig/protocol-cases.ts';
import { send } from '../rig/raw-client.ts';
import { RawProvider } from '../rig/raw-provider.ts';

const [anthropic] = protocolCases;
const protocol = 'anthropic-messages';
const events = scripted[0]!.write({ text: 'Fine.' }, 1);

const packings = [
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
] as const;

it.each(packings)('reads what an answer used that is packed with %s', async (encoding, pack) => {
  await using provider = await RawProvider.start((_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
    response.end(pack(events.join('')));
  });
  await using scene = await openScene({ protocol, baseUrl: provider.url });
  const { path, headers, body } = anthropic!.request([{ role: 'user', text: 'work' }]);
  await send(scene.line.baseUrl, { path, headers: Object.entries(headers).flat(), body });
  await scene.ended(1);
  expect(scene.rows.steps).toMatchObject([{ status: 'completed' }]);
  expect(scene.rows.costs).toMatchObject([{ inputTokens: 100, outputTokens: 7 }]);
});

it.each([
  ['gzip, deflate, br', 'gzip, deflate, br'],
  ['gzip;q=1.0, dcb, br', 'gzip;q=1.0, br'],
  ['*', 'identity'],
])('asks for no packing that it could not read: %s becomes %s', async (asked, sent) => {
  await using provider = await RawProvider.start((_call, response) => void response.end('{}'));
  await using scene = await openScene({ protocol, baseUrl: provider.url });
  const { path, body } = anthropic!.request([{ role: 'user', text: 'work' }]);
  await send(scene.line.baseUrl, {
    path,
    headers: ['Accept-Encoding', asked, 'anthropic-beta', 'a,dcb'],
    body,
  });
  expect(provider.calls[0]?.headers).toMatchObject({ 'accept-encoding': sent, 'anthropic-beta': 'a,dcb' });
});

it.each(packings)(
  'sends a call that came packed with %s as it is, until a piece of it is archived',
  async (encoding, pack) => {
    await using provider = await RawProvider.start((_call, response) => void response.end(events.join('')));
    await using scene = await openScene({ protocol, baseUrl: provider.url });
    const requestOf = (text: string) =>
      anthropic!.request([
        { role: 'user', text: 'work' },
        { role: 'assistant', parts: [{ type: 'text', text }] },
        { role: 'user', text: 'go on' },
      ]);
    const { path, body } = requestOf('a long story');
    const packed = pack(body);
    const call = { path, headers: ['Content-Encoding', encoding], body: packed };
    await send(scene.line.baseUrl, call);
    await scene.ended(1);
    const story = scene.rows.items.findIndex(({ kind }) => kind === 'message');
    scene.rows.items[story] = { ...scene.rows.items[story]!, promptText: '[archived m1]' };
    await send(scene.line.baseUrl, call);
    const [before, after] = provider.calls;
    expect([before?.headers['content-encoding'], before?.body.equals(packed)]).toEqual([encoding, true]);
    expect(after?.headers['content-encoding']).toBeUndefined();
    expect(after?.body.toString()).toBe(requestOf('[archived m1]').body);
  },
);
