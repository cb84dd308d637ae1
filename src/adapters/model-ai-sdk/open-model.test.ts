import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Message, Model } from '../../agent/model.ts';
import { systemClock } from '../system/system-clock.ts';
import { createOpenModel } from './open-model.ts';
import { builtInPrices, costOf, findPrice } from './price-table.ts';
import { retryAfterMs } from './retry.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'codeframe-open-model-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

function open(model: string, more: { env?: Record<string, string>; baseUrl?: string } = {}): Promise<Model> {
  const { env = {}, ...rest } = more;
  return createOpenModel({ env, clock: systemClock })({ agent: 'ada', model, projectDir: dir, ...rest });
}

describe('opening a model', () => {
  it.each([
    ['anthropic:claude-sonnet-4-5', 'ANTHROPIC_API_KEY'],
    ['openai:gpt-5', 'OPENAI_API_KEY'],
    ['google:gemini-2.5-pro', 'GOOGLE_GENERATIVE_AI_API_KEY'],
  ])('%s needs %s', async (model, variable) => {
    await expect(open(model, { env: { [variable]: ' ' } })).rejects.toMatchObject({
      failure: { code: 'missing-key', variable, agent: 'ada' },
    });
    const opened = await open(model, { env: { [variable]: 'k' } });
    expect(opened).toMatchObject({ label: model, recorded: false });
    expect(opened.windowTokens).toBeGreaterThan(100_000);
  });

  it('takes either key for google', async () => {
    expect((await open('google:x', { env: { GEMINI_API_KEY: 'k' } })).windowTokens).toBeNull();
  });

  it('needs no key for a server of one’s own', async () => {
    expect((await open('openai-compatible:qwen', { baseUrl: 'http://127.0.0.1:1/v1' })).label).toBe(
      'openai-compatible:qwen',
    );
    expect((await open('ollama:qwen3:8b')).label).toBe('ollama:qwen3:8b');
  });

  it.each([
    ['gpt-5', 'PROVIDER:MODEL'],
    ['openai:', 'PROVIDER:MODEL'],
    ['mistral:large', 'there is no provider mistral'],
    ['openai-compatible:qwen', '--base-url'],
    ['recorded:nope.ndjson', 'cannot be read'],
  ])('refuses %s with words', async (model, words) => {
    await expect(open(model)).rejects.toMatchObject({
      failure: { code: 'unknown-model', problem: expect.stringContaining(words) },
    });
  });
});

describe('a recording', () => {
  const record = (...lines: readonly string[]): Promise<void> =>
    writeFile(join(dir, 'r.ndjson'), lines.join('\n'));
  const history = (replies: number): readonly Message[] => [
    { role: 'user', text: 'x' },
    ...Array.from({ length: replies }, (): Message[] => [
      { role: 'assistant', parts: [{ type: 'text', text: 'y' }] },
      { role: 'user', text: 'z' },
    ]).flat(),
  ];
  const generate = (model: Model, replies: number) =>
    model.generate({
      instructions: '',
      messages: history(replies),
      tools: [],
      signal: new AbortController().signal,
    });

  it('says that it is one, and costs nothing', async () => {
    await record('# a comment', '', '{"text":"one","usage":{"inputTokens":5,"outputTokens":2}}');
    const model = await open('recorded:r.ndjson');
    expect(model).toMatchObject({ label: 'recorded model (r.ndjson)', recorded: true });
    expect(await generate(model, 0)).toMatchObject({
      parts: [{ type: 'text', text: 'one' }],
      usage: { inputTokens: 5, outputTokens: 2 },
      costUsd: 0,
    });
  });

  it('makes the same call ids each time', async () => {
    await record('{}', '{"calls":[{"tool":"a","input":{}},{"tool":"b","input":{"x":1}}]}');
    const { parts } = await generate(await open('recorded:r.ndjson'), 1);
    expect(parts).toEqual([
      { type: 'call', callId: 'rec-2-1', tool: 'a', input: {} },
      { type: 'call', callId: 'rec-2-2', tool: 'b', input: { x: 1 } },
    ]);
  });

  it.each([
    ['{"text":', 'not JSON'],
    ['[]', 'expected object'],
    ['{"txt":"x"}', 'txt'],
    ['{"calls":[{"tool":"a","input":"x"}]}', 'calls.0.input'],
    ['{"delayMs":-1}', 'delayMs'],
  ])('refuses the line %s', async (line, problem) => {
    await record('# first', '{"text":"x"}', line);
    await expect(open('recorded:r.ndjson')).rejects.toMatchObject({
      failure: { code: 'corrupt-recording', line: 3, problem: expect.stringContaining(problem) },
    });
  });

  it('refuses to go on past its end', async () => {
    await record('{"text":"one"}');
    await expect(generate(await open('recorded:r.ndjson'), 1)).rejects.toMatchObject({
      failure: {
        code: 'model-refused',
        problem: 'the recording has no more turns (it has 1)',
        retryable: false,
      },
    });
  });
});

describe('prices', () => {
  it('has prices that make sense, and says of when', () => {
    expect(Date.parse(builtInPrices.asOf)).toBeGreaterThan(0);
    for (const [name, price] of Object.entries(builtInPrices.models)) {
      expect(price.output, name).toBeGreaterThan(price.input);
      expect(price.cacheRead, name).toBeLessThan(price.input);
    }
  });

  it('finds a dated model by its plain name, and nothing for others', () => {
    expect(findPrice(builtInPrices, 'anthropic:claude-sonnet-4-5-20250929')?.input).toBe(3);
    expect(findPrice(builtInPrices, 'openai:gpt-5-2025-08-07')?.output).toBe(10);
    expect(findPrice(builtInPrices, 'openai:gpt-5-nonsense')).toBeNull();
  });

  it('counts what came from the cache at its own price', () => {
    const price = { input: 3, cacheRead: 0.3, cacheWrite: 3.75, output: 15 };
    const usage = {
      inputTokens: 1_000_000,
      cacheReadTokens: 600_000,
      cacheWriteTokens: 100_000,
      outputTokens: 10_000,
    };
    expect(costOf(price, usage)).toBeCloseTo(0.9 + 0.18 + 0.375 + 0.15, 10);
    const kept = { ...usage, cacheWriteHourTokens: 40_000 };
    expect(costOf(price, kept)).toBe(costOf(price, usage));
    expect(costOf({ ...price, cacheWriteHour: 6 }, kept)).toBeCloseTo(0.9 + 0.18 + 0.225 + 0.24 + 0.15, 10);
  });
});

describe('what a provider says about waiting', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    [{ 'retry-after-ms': '1500' }, 1_500],
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('%j is %s', (headers, expected) => {
    expect(retryAfterMs(headers, now)).toBe(expected);
  });
});
