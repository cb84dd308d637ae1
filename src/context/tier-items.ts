import type { ContextItemRow, Tier } from './item.ts';

/** What a tier is made of. */
export type TieredItem = Pick<
  ContextItemRow,
  | 'kind'
  | 'tool'
  | 'path'
  | 'callId'
  | 'isError'
  | 'text'
  | 'tokens'
  | 'promptTokens'
  | 'pinned'
  | 'accessCount'
  | 'step'
  | 'lastUsedStep'
>;

/** An item's importance with each term of its formula, and the tier that follows. */
export interface Tiered {
  readonly tier: Tier;
  /** 0 to 1: 0.4 kind + 0.4 age + 0.2 access, halved when it is superseded. */
  readonly importance: number;
  /** Each from 0 to 1, before its weight. */
  readonly terms: { readonly kind: number; readonly age: number; readonly access: number };
  /** Steps of the agent since it was made or last used. */
  readonly ageSteps: number;
  /** Why what came later makes it worth less; null: nothing did. */
  readonly superseded: 'the file was changed since' | 'the same call was made again' | null;
  /** The rule that decides instead of the importance; null: none does. */
  readonly rule: string | null;
}

/** Source of the weights and of the two limits: the reference. Its age is in days; here it is in the agent's own steps. */
const weights = { kind: 0.4, age: 0.4, access: 0.2 };
const hotFrom = 0.8;
const warmFrom = 0.4;
const halfLifeSteps = 20;
const supersededShare = 0.5;
/** What was recalled, and what was just said or seen, is in use. */
const recalledSteps = 10;
const newestSteps = 2;

/** The tiers of an agent's whole memory, oldest first, at its step `now`. Pure; nothing ages but by the agent's steps. */
export function tierItems(items: readonly TieredItem[], now: number): readonly Tiered[] {
  const superseded = supersededItems(items);
  return items.map((item, index) => tierOf(item, superseded[index] ?? null, now));
}

function tierOf(item: TieredItem, superseded: Tiered['superseded'], now: number): Tiered {
  const ageSteps = Math.max(0, now - Math.max(item.step, item.lastUsedStep));
  const terms = {
    kind: kindTerm(item),
    age: 0.5 ** (ageSteps / halfLifeSteps),
    access: 1 - 0.5 ** Math.max(0, item.accessCount),
  };
  const sum = weights.kind * terms.kind + weights.age * terms.age + weights.access * terms.access;
  const importance = sum * (superseded === null ? 1 : supersededShare);
  const ruled = ruleFor(item, ageSteps);
  return {
    tier: ruled?.tier ?? tierFrom(importance),
    importance,
    terms,
    ageSteps,
    superseded,
    rule: ruled?.rule ?? null,
  };
}

function tierFrom(importance: number): Tier {
  if (importance >= hotFrom) return 'HOT';
  return importance >= warmFrom ? 'WARM' : 'COLD';
}

function ruleFor(item: TieredItem, ageSteps: number): { readonly tier: Tier; readonly rule: string } | null {
  if (item.pinned) return { tier: 'HOT', rule: 'it is pinned' };
  if (item.kind === 'instructions' || item.kind === 'task')
    return { tier: 'HOT', rule: 'it says what the work is' };
  if (item.accessCount > 0 && ageSteps <= recalledSteps)
    return { tier: 'HOT', rule: `it was recalled in the last ${recalledSteps} steps` };
  if (item.promptTokens * 2 < item.tokens) return { tier: 'COLD', rule: 'more than half of it is archived' };
  if (ageSteps < newestSteps) return { tier: 'HOT', rule: 'it is part of the last exchange' };
  return null;
}

/** What a kind weighs. Source: the reference's weights for its kinds; a result is one of them by what it shows. */
const kindWeights: Readonly<Record<ContextItemRow['kind'], number>> = {
  instructions: 1,
  task: 1,
  user: 1,
  decision: 0.9,
  summary: 0.8,
  message: 0.6,
  call: 0.6,
  result: 0.5,
  reasoning: 0.4,
};

function kindTerm(item: TieredItem): number {
  if (item.kind !== 'result') return kindWeights[item.kind] ?? 0.5;
  if (item.isError) return 0.8;
  return item.path === null ? kindWeights.result : 0.7;
}

/** The importance of an item that has just been made. */
export function firstImportance(item: TieredItem): number {
  return tierOf(item, null, item.step).importance;
}

/** One pass from the end: what came later is known when an item is looked at. */
function supersededItems(items: readonly TieredItem[]): readonly Tiered['superseded'][] {
  const calls = new Map<string, TieredItem>();
  for (const item of items) if (item.kind === 'call' && item.callId !== null) calls.set(item.callId, item);
  const changed = new Set<string>();
  const repeated = new Map<string, Set<string>>();
  const superseded: Tiered['superseded'][] = items.map(() => null);
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item === undefined || item.kind !== 'result') continue;
    const call = calls.get(item.callId ?? '');
    const inputs = inputsOf(repeated, call?.tool ?? null);
    superseded[index] = whySuperseded(item, call, { changed, inputs });
    if (item.path !== null && !item.isError && isChange(item.tool)) changed.add(item.path);
    if (call !== undefined) inputs.add(call.text);
  }
  return superseded;
}

function whySuperseded(
  item: TieredItem,
  call: TieredItem | undefined,
  later: { readonly changed: ReadonlySet<string>; readonly inputs: ReadonlySet<string> },
): Tiered['superseded'] {
  if (item.path !== null && later.changed.has(item.path)) return 'the file was changed since';
  if (call !== undefined && later.inputs.has(call.text)) return 'the same call was made again';
  return null;
}

function isChange(tool: string | null): boolean {
  return tool !== null && /write|edit|patch|create|insert|replace/i.test(tool);
}

function inputsOf(repeated: Map<string, Set<string>>, tool: string | null): Set<string> {
  const known = repeated.get(tool ?? '');
  if (known !== undefined) return known;
  const inputs = new Set<string>();
  repeated.set(tool ?? '', inputs);
  return inputs;
}
