import type { LanguageModel } from 'ai';

/** A model of the AI SDK: what each of its provider packages makes, and what a recording is. */
export type ProviderModel = Extract<LanguageModel, { readonly specificationVersion: 'v3' }>;

export type ProviderCall = Parameters<ProviderModel['doStream']>[0];
export type ProviderPrompt = ProviderCall['prompt'];
export type ProviderOptions = NonNullable<ProviderCall['providerOptions']>;

type Streamed = Awaited<ReturnType<ProviderModel['doStream']>>['stream'];
export type ProviderStreamPart = Streamed extends ReadableStream<infer Part> ? Part : never;
