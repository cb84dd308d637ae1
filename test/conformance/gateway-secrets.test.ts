import { describe, expect, it } from 'vitest';
import { placeholderFor } from '../../src/secret/placeholder.ts';
import type { Redacted } from '../../src/secret/redactor.ts';
import { openScene, type GatewayScene } from '../rig/gateway.ts';
import { ModelServer, wires } from '../rig/model-server.ts';
import { protocolCases, type ProtocolCase } from '../rig/protocol-cases.ts';

const secret = 'correct-horse-battery-staple';
const kind = 'env-SHOP_TOKEN';

function redact(text: string): Redacted {
  const at = text.indexOf(secret);
  if (at < 0) return { text, found: [] };
  const placeholder = placeholderFor(kind, '0123456789ab');
  return {
    text: text.replaceAll(secret, placeholder),
    found: [{ kind, fingerprint: '0123456789ab', at, sure: true }],
  };
}

async function call(scene: GatewayScene, protocol: ProtocolCase, text: string): Promise<void> {
  const { path, headers, body } = protocol.request([{ role: 'user', text }]);
  await (await fetch(scene.line.baseUrl + path, { method: 'POST', headers, body })).text();
}

describe.each(protocolCases)('a secret in calls of $protocol', (protocol) => {
  const wire = wires.find(({ name }) => name === protocol.wireName)!;
  const script = [{ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' }];

  it.each([
    [false, [kind]],
    [true, []],
  ])('is told once a kind, and not of a recording (%s); the call is as it was', async (recorded, told) => {
    await using provider = await ModelServer.start(script);
    const baseUrl = provider.url(wire).slice(0, -wire.base.length);
    await using scene = await openScene({ protocol: protocol.protocol, baseUrl, recorded }, { redact });
    for (const text of ['hello', `use ${secret}`, `use ${secret} again`]) await call(scene, protocol, text);
    await scene.ended(3);
    expect(scene.session.secretsSent).toEqual(told);
    expect(JSON.stringify(provider.received.map(({ body }) => body))).toContain(secret);
  });
});
