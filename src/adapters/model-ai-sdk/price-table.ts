import type { Usage } from '../../agent/model.ts';
import builtIn from './prices.json' with { type: 'json' };

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Of what is kept an hour and not some minutes; as `cacheWrite` where it is left out. */
  readonly cacheWriteHour?: number;
  readonly output: number;
}

export interface PriceTable {
  readonly asOf: string;
  readonly source: string;
  readonly models: Readonly<Record<string, Price & { readonly windowTokens: number }>>;
}

/** The table that comes with the program. Prices change: it says of which day it is, and another one can be given. */
export const builtInPrices: PriceTable = builtIn;

/** By `PROVIDER:MODEL`; a dated name such as `claude-x-20250929` or `gpt-x-2025-08-07` has the price of the undated one. */
export function findPrice(
  table: PriceTable,
  model: string,
): (Price & { readonly windowTokens: number }) | null {
  const undated = model.replace(/-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, '');
  return table.models[model] ?? table.models[undated] ?? null;
}

const MILLION = 1_000_000;

export function costOf(price: Price, usage: Usage): number {
  const hour = usage.cacheWriteHourTokens ?? 0;
  const fresh = Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens);
  const dollars =
    fresh * price.input +
    usage.cacheReadTokens * price.cacheRead +
    (usage.cacheWriteTokens - hour) * price.cacheWrite +
    hour * (price.cacheWriteHour ?? price.cacheWrite) +
    usage.outputTokens * price.output;
  return dollars / MILLION;
}
