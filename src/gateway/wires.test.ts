import { describe, expect, it } from 'vitest';
import type { Provider } from './gateway.ts';
import { chooseProvider, labelOf, providerUrl, recognise, wires } from './wires.ts';

describe('recognising a call', () => {
  it.each([
    ['POST', '/v1/messages', 'turn', 'anthropic-messages'],
    ['POST', '/v1/messages/count_tokens', 'other', 'anthropic-messages'],
    ['POST', '/v1/chat/completions', 'turn', 'openai-chat'],
    ['POST', '/chat/completions', 'turn', 'openai-chat'],
    ['POST', '/v1/responses', 'turn', 'openai-responses'],
    ['POST', '/v1/responses/resp_1/cancel', 'other', 'openai-responses'],
    ['POST', '/v1beta/models/gemini-3-pro:streamGenerateContent', 'turn', 'gemini'],
    ['POST', '/v1beta/models/gemini-3-pro:generateContent', 'turn', 'gemini'],
    ['POST', '/v1beta/models/gemini-3-pro:countTokens', 'other', 'gemini'],
    ['GET', '/v1/models', 'other', undefined],
    ['GET', '/v1/messages', 'other', undefined],
    ['POST', '/v1/messages/batches', 'other', undefined],
  ])('%s %s is %s of %s', (...[method, path, kind, protocol]) => {
    const seen = recognise(method, path);
    expect([seen.kind, seen.wire?.protocol]).toEqual([kind, protocol]);
  });
});

describe('where a call goes', () => {
  it.each([
    [
      'https://api.anthropic.com',
      '/v1/messages?beta=true',
      'https://api.anthropic.com/v1/messages?beta=true',
    ],
    ['https://openrouter.ai/api/', '/v1/chat/completions', 'https://openrouter.ai/api/v1/chat/completions'],
    ['https://openrouter.ai/api/v1', '/v1/chat/completions', 'https://openrouter.ai/api/v1/chat/completions'],
    ['http://127.0.0.1:11434/v1', '/v1/models', 'http://127.0.0.1:11434/v1/models'],
    [
      'https://host/v1',
      '/v1beta/models/m:generateContent',
      'https://host/v1/v1beta/models/m:generateContent',
    ],
    ['https://host/paas/v4', '/chat/completions', 'https://host/paas/v4/chat/completions'],
  ])('%s and %s make %s', (base, path, url) => {
    expect(providerUrl(base, path).href).toBe(url);
  });

  it('is the provider of its protocol, or for what has none the likely one', () => {
    const provider = (protocol: Provider['protocol']): Provider => ({
      protocol,
      baseUrl: 'http://x',
      recorded: false,
    });
    const both = [provider('anthropic-messages'), provider('openai-chat')];
    const ask = (asked: Partial<Parameters<typeof chooseProvider>[1]>) =>
      chooseProvider(both, { wire: null, path: '/v1/models', isAnthropic: false, ...asked })?.protocol;
    expect(ask({ wire: wires['openai-chat'] })).toBe('openai-chat');
    expect(ask({ wire: wires.gemini })).toBeUndefined();
    expect(ask({ isAnthropic: true })).toBe('anthropic-messages');
    expect(ask({})).toBe('openai-chat');
    expect(ask({ path: '/v1beta/models' })).toBe('anthropic-messages');
  });

  it('names the model by its vendor, or as compatible, or as recorded', () => {
    const wire = wires['anthropic-messages'];
    const label = (baseUrl: string, recorded = false) =>
      labelOf(wire, { protocol: 'anthropic-messages', baseUrl, recorded }, 'claude-x');
    expect(label('https://api.anthropic.com')).toBe('anthropic:claude-x');
    expect(label('https://proxy.example/v1')).toBe('anthropic-compatible:claude-x');
    expect(label('http://127.0.0.1:1', true)).toBe('recorded model (claude-x)');
  });
});
