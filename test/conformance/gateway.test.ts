import { describe, expect, it } from 'vitest';
import { openScene } from '../rig/gateway.ts';
import { ModelServer, wires } from '../rig/model-server.ts';
import { protocolCases } from '../rig/protocol-cases.ts';

const script = [
  { text: 'I look.', calls: [{ tool: 'read_file', input: { path: 'a.txt' } }] },
  { text: 'Done.' },
];

describe.each(protocolCases)('$protocol through the gateway', (protocol) => {
  const wire = wires.find(({ name }) => name === protocol.wireName)!;

  it('gets the same bytes as a direct call, and leaves a step with its usage', async () => {
    await using provider = await ModelServer.start(script);
    const direct = provider.url(wire).slice(0, -wire.base.length);
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl: direct });
    const sent = protocol.request([{ role: 'user', text: 'read a.txt' }]);
    const ask = (base: string): Promise<string> =>
      fetch(base + sent.path, { method: 'POST', headers: sent.headers, body: sent.body }).then((answer) =>
        answer.text(),
      );
    const [through, straight] = [await ask(scene.line.baseUrl), await ask(direct)];
    expect(through).toBe(straight);
    await scene.ended(1);
    expect(scene.rows.steps[0]).toMatchObject({
      kind: 'model',
      status: 'completed',
      name: expect.stringContaining('scripted'),
    });
    expect(scene.rows.costs[0]).toMatchObject({ inputTokens: 100, cacheReadTokens: 40, outputTokens: 7 });
    expect(scene.rows.items).toMatchObject([{ kind: 'user', text: 'read a.txt' }]);
    expect(provider.refused).toEqual([]);
  });

  it('waits while the line is held, with no-ops that the client takes', async () => {
    await using provider = await ModelServer.start(script);
    const direct = provider.url(wire).slice(0, -wire.base.length);
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl: direct });
    const sent = protocol.request([{ role: 'user', text: 'read a.txt' }]);
    scene.line.hold();
    const answer = await fetch(scene.line.baseUrl + sent.path, {
      method: 'POST',
      headers: sent.headers,
      body: sent.body,
    });
    expect(answer.status).toBe(200);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.split('\n\n').length <= 3) text += (await reader.read()).value;
    expect(provider.requests).toBe(0);
    expect([scene.line.held(), scene.line.inFlight()]).toEqual([1, 0]);
    scene.line.release();
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
    const straight = await fetch(direct + sent.path, {
      method: 'POST',
      headers: sent.headers,
      body: sent.body,
    });
    expect(text.endsWith(await straight.text())).toBe(true);
    await scene.ended(1);
    expect(scene.rows.steps[0]).toMatchObject({ status: 'completed' });
  });
});
