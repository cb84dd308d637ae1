import { anthropicMessages } from './anthropic-messages.ts';
import { gemini } from './gemini.ts';
import type { Provider, WireProtocol } from './gateway.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import type { Wire } from './wire.ts';

/** Every protocol that the gateway reads. */
export const wires: Readonly<Record<WireProtocol, Wire>> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  gemini,
};

/** What a request is: a call in a protocol, or something else that is only passed on. */
export type Recognised =
  | { readonly kind: 'turn'; readonly wire: Wire }
  | { readonly kind: 'other'; readonly wire: Wire | null };

/** By method and path alone (without the query), so that nothing has to be read first. */
export function recognise(method: string, path: string): Recognised {
  for (const wire of Object.values(wires)) {
    const kind = wire.recognise(method, path);
    if (kind !== null) return { kind, wire };
  }
  return { kind: 'other', wire: null };
}

/**
 * Where a request goes; null when no provider speaks its protocol. What is of no protocol (a list of models) goes where
 * its path or its headers say, otherwise to the first.
 */
export function chooseProvider(
  providers: readonly Provider[],
  asked: { readonly wire: Wire | null; readonly path: string; readonly isAnthropic: boolean },
): Provider | null {
  const speaking = (protocol: WireProtocol): Provider | undefined =>
    providers.find((provider) => provider.protocol === protocol);
  if (asked.wire !== null) return speaking(asked.wire.protocol) ?? null;
  const likely = asked.isAnthropic
    ? speaking('anthropic-messages')
    : asked.path.includes('/v1beta/')
      ? speaking('gemini')
      : (speaking('openai-chat') ?? speaking('openai-responses'));
  return likely ?? providers[0] ?? null;
}

/**
 * The address of a call at its provider: the provider's, then the path as the agent sent it. Where the one ends with the
 * version that the other begins with (`https://host/api/v1` and `/v1/messages`), it stands there once.
 */
export function providerUrl(baseUrl: string, pathAndQuery: string): URL {
  const base = new URL(baseUrl);
  const own = base.pathname.replace(/\/+$/, '');
  const version = /\/v\d+\w*$/.exec(own)?.[0];
  const isTwice = version !== undefined && new RegExp(`^${version}(?:[/?]|$)`).test(pathAndQuery);
  const asked = isTwice ? pathAndQuery.slice(version.length) : pathAndQuery;
  return new URL(`${base.origin}${own}${asked}`);
}

/** How a call's model is named: in steps, in costs, and to the user. */
export function labelOf(wire: Wire, provider: Provider, model: string): string {
  if (provider.recorded) return `recorded model (${model})`;
  const { vendor } = wire;
  const isVendor = new URL(provider.baseUrl).hostname === vendor.host;
  return `${vendor.name}${isVendor ? '' : '-compatible'}:${model}`;
}

/** The model as the price table names it. */
export function pricedAs(wire: Wire, model: string): string {
  return `${wire.vendor.name}:${model}`;
}
