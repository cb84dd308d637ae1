import type { Model, OpenModel } from '../../agent/model.ts';
import type { Clock } from '../../clock.ts';
import { CodeframeError } from '../../failure.ts';
import type { PriceTable } from './price-table.ts';
import { builtInPrices, findPrice } from './price-table.ts';
import type { ProviderModel } from './provider-model.ts';

export interface ModelsParts {
  /** Where the keys are: the process's environment, handed in by main. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly prices?: PriceTable;
  readonly idleMs?: number;
}

const IDLE_MS = 5 * 60_000;

type Request = Parameters<OpenModel>[0];

interface Wanted {
  readonly request: Request;
  /** After the provider's name. */
  readonly model: string;
  readonly env: ModelsParts['env'];
}

/** How a provider's model is made. The packages are imported when they are needed: they take a while to load. */
const providers: Readonly<Record<string, (wanted: Wanted) => Promise<ProviderModel>>> = {
  async anthropic(wanted) {
    const apiKey = keyOf(wanted, ['ANTHROPIC_API_KEY']);
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return createAnthropic({ apiKey, ...addressOf(wanted) }).languageModel(wanted.model);
  },
  async openai(wanted) {
    const apiKey = keyOf(wanted, ['OPENAI_API_KEY']);
    const { createOpenAI } = await import('@ai-sdk/openai');
    return createOpenAI({ apiKey, ...addressOf(wanted) }).responses(wanted.model);
  },
  async google(wanted) {
    const apiKey = keyOf(wanted, ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY']);
    const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
    return createGoogleGenerativeAI({ apiKey, ...addressOf(wanted) }).languageModel(wanted.model);
  },
  async 'openai-compatible'(wanted) {
    const { baseUrl } = wanted.request;
    if (baseUrl === undefined)
      throw unknownModel(wanted.request.model, 'it needs an address: give --base-url');
    return compatible(wanted, baseUrl);
  },
  async ollama(wanted) {
    return compatible(wanted, wanted.request.baseUrl ?? 'http://127.0.0.1:11434/v1');
  },
  async recorded(wanted) {
    const { openRecording } = await import('./recorded-model.ts');
    return openRecording(wanted.model, wanted.request.projectDir);
  },
};

/** Opens `PROVIDER:MODEL` on the AI SDK, and `recorded:FILE`. */
export function createOpenModel(parts: ModelsParts): OpenModel {
  return async (request) => {
    const { provider, model } = splitName(request.model);
    const make = providers[provider];
    if (!make)
      throw unknownModel(request.model, `there is no provider ${provider}; there are ${knownProviders()}`);
    return wrap(parts, request, { name: provider, model: await make({ request, model, env: parts.env }) });
  };
}

function knownProviders(): string {
  return Object.keys(providers).join(', ');
}

function splitName(name: string): { readonly provider: string; readonly model: string } {
  const colon = name.indexOf(':');
  const model = name.slice(colon + 1).trim();
  if (colon <= 0 || model === '')
    throw unknownModel(name, `a model is named PROVIDER:MODEL; the providers are ${knownProviders()}`);
  return { provider: name.slice(0, colon), model };
}

async function wrap(
  parts: ModelsParts,
  request: Request,
  provider: { readonly name: string; readonly model: ProviderModel },
): Promise<Model> {
  const { AiSdkModel } = await import('./ai-sdk-model.ts');
  const recorded = provider.name === 'recorded';
  const price = findPrice(parts.prices ?? builtInPrices, request.model);
  return new AiSdkModel({
    label: recorded ? `recorded model (${provider.model.modelId})` : request.model,
    recorded,
    provider: provider.model,
    clock: parts.clock,
    price,
    windowTokens: price?.windowTokens ?? null,
    idleMs: parts.idleMs ?? IDLE_MS,
  });
}

/** The first of the variables that is set. */
function keyOf(wanted: Wanted, variables: readonly [string, ...string[]]): string {
  const found = variables
    .map((name) => wanted.env[name]?.trim())
    .find((key) => key !== undefined && key !== '');
  if (found !== undefined) return found;
  const { provider } = splitName(wanted.request.model);
  throw new CodeframeError({
    code: 'missing-key',
    provider,
    variable: variables[0],
    agent: wanted.request.agent,
  });
}

function addressOf({ request }: Wanted): { readonly baseURL?: string } {
  return request.baseUrl === undefined ? {} : { baseURL: request.baseUrl };
}

async function compatible(wanted: Wanted, baseURL: string): Promise<ProviderModel> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const apiKey = wanted.env['OPENAI_COMPATIBLE_API_KEY'];
  const { provider } = splitName(wanted.request.model);
  return createOpenAICompatible({
    name: provider,
    baseURL,
    includeUsage: true,
    ...(apiKey === undefined || apiKey === '' ? {} : { apiKey }),
  }).chatModel(wanted.model);
}

function unknownModel(model: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'unknown-model', model, problem });
}
