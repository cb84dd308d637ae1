import { readFileSync } from 'node:fs';
import { CodeframeError } from '../../failure.ts';
import type { FindPriced } from '../../gateway/prices.ts';
import { builtInPrices, costOf, findPrice, type PriceTable } from './price-table.ts';

const amounts = ['input', 'cacheRead', 'cacheWrite', 'output', 'windowTokens'] as const;

/**
 * The table of prices with what a file of the same form says in place of it, model by model; the built-in one when there
 * is no such file. Throws `corrupt-config` for a file that cannot be understood.
 */
export function readPrices(path: string): PriceTable {
  const text = readIfThere(path);
  if (text === null) return builtInPrices;
  const given = parse(path, text);
  return { ...given, models: { ...builtInPrices.models, ...given.models } };
}

export interface Prices {
  readonly table: PriceTable;
  readonly find: FindPriced;
}

/** The table of `readPrices`, and how a model is found in it. */
export function openPrices(path: string): Prices {
  const table = readPrices(path);
  const find: FindPriced = (model) => {
    const price = findPrice(table, model);
    return price && { windowTokens: price.windowTokens, costOf: (usage) => costOf(price, usage) };
  };
  return { table, find };
}

function parse(path: string, text: string): PriceTable {
  const found = parseJson(path, text);
  if (!isRecord(found) || !isRecord(found['models'])) throw corrupt(path, 'it has no `models`');
  const { asOf, source, models } = found;
  if (typeof asOf !== 'string' || Number.isNaN(Date.parse(asOf))) throw corrupt(path, '`asOf` is no date');
  for (const [name, price] of Object.entries(models)) {
    const wrong = amounts.find((amount) => !isRecord(price) || !isAmount(price[amount]));
    if (wrong !== undefined) throw corrupt(path, `${name} has no ${wrong}, or one that is no number`);
    const hour = isRecord(price) ? price['cacheWriteHour'] : undefined;
    if (hour !== undefined && !isAmount(hour))
      throw corrupt(path, `${name} has a cacheWriteHour that is no number`);
  }
  return {
    asOf,
    source: typeof source === 'string' ? source : path,
    models: models as PriceTable['models'],
  };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw corrupt(path, (error as Error).message);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw corrupt(path, `it is not JSON: ${(error as Error).message}`);
  }
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(path: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-config', path, problem });
}
