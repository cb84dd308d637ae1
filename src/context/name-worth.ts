import type { Facts } from './facts.ts';
import { NAME_CAPITAL, NAME_FILE, NAME_HASH, NAME_MIXED, NAME_NUMBER, NAME_PLAIN } from './name-table.ts';

/**
 * The chance that the agent will use a name that only archived text holds: measured shares, by kind, by how often the name
 * stands in the memory, and by how lately the agent itself or a person wrote it.
 */
export function nameWorths(facts: Facts): Float64Array {
  const { table } = facts.memory.names;
  const { counts } = facts.names;
  const worths = new Float64Array(table.size);
  for (let name = 0; name < worths.length; name += 1) {
    const chance = CHANCE[table.kinds[name] ?? NAME_PLAIN] ?? 0;
    worths[name] = chance * often(counts[name] ?? 0) * lately(facts, name);
  }
  return worths;
}

const CHANCE: Readonly<Record<number, number>> = {
  [NAME_FILE]: 0.02,
  [NAME_MIXED]: 0.018,
  [NAME_CAPITAL]: 0.018,
  [NAME_PLAIN]: 0.013,
  [NAME_HASH]: 0.003,
  [NAME_NUMBER]: 0.0002,
};

function often(count: number): number {
  if (count === 1) return 0.6;
  if (count < 4) return 1;
  return count < 8 ? 1.8 : 3;
}

function lately(facts: Facts, name: number): number {
  const step = facts.names.mentioned[name] ?? -1;
  if (step < 0) return 1;
  const age = facts.lastStep - step;
  if (age < 10) return 4;
  return age < 40 ? 2 : 1.5;
}
