import type { CheckpointRow } from './checkpoint.ts';
import { fitsGlob } from './glob.ts';

/** Which checkpoints to keep. One that any of the rules keeps is kept; `maxSizeBytes` then takes the oldest away again. */
export interface RetentionRules {
  /** The newest so many. */
  readonly keep?: number | undefined;
  /** All that are younger. */
  readonly keepWithinMs?: number | undefined;
  /** The newest of each of the last so many hours (days, weeks from Monday), by the local clock, that have one. */
  readonly keepHourly?: number | undefined;
  readonly keepDaily?: number | undefined;
  readonly keepWeekly?: number | undefined;
  /** All whose name fits one of these globs. */
  readonly keepNames?: readonly string[] | undefined;
  /** The newest that take no more than this together; what must not be deleted stays whatever it takes. */
  readonly maxSizeBytes?: number | undefined;
}

/** Why a checkpoint stays: a rule, by the name of its option, or something that needs it. */
export type KeepReason = (typeof ruleReasons)[number] | NeedReason;

export const ruleReasons = [
  'keep',
  'keep-within',
  'keep-hourly',
  'keep-daily',
  'keep-weekly',
  'keep-name',
  'max-size',
] as const;

/**
 * Why no rule deletes it: it is pinned, the newest of all, what `latest` names, what a paused project resumes from, what
 * a pause under way has written, or what a restore under way, an undo or a redo needs.
 */
export type NeedReason = 'pinned' | 'newest' | 'latest' | 'paused' | 'pausing' | 'restore' | 'undo' | 'redo';

export type Needs = ReadonlyMap<string, readonly NeedReason[]>;

export type RetainedCheckpoint = Pick<CheckpointRow, 'id' | 'name' | 'createdAt'>;

export interface RetentionPlan<Row extends RetainedCheckpoint> {
  /** Newest first, each with every reason. */
  readonly kept: readonly { readonly row: Row; readonly reasons: readonly KeepReason[] }[];
  /** Newest first. */
  readonly deleted: readonly Row[];
  /** How many a rule keeps, needed or not. */
  readonly keptByRules: number;
}

/** Decides about each of these checkpoints. Pure. */
export function planRetention<Row extends RetainedCheckpoint>(
  rows: readonly Row[],
  rules: RetentionRules,
  given: { readonly now: number; readonly needs: Needs },
): RetentionPlan<Row> {
  const newest = newestFirst(rows);
  const byRule = ruleKeeps(newest, rules, given.now);
  const decided = newest.map((row) => ({
    row,
    byRules: [...byRule].filter(([, ids]) => ids.has(row.id)).map(([reason]) => reason),
    needs: given.needs.get(row.id) ?? [],
  }));
  const stays = decided.filter(({ byRules, needs }) => byRules.length + needs.length > 0);
  return {
    kept: stays.map(({ row, byRules, needs }) => ({ row, reasons: [...byRules, ...needs] })),
    deleted: decided.filter((one) => !stays.includes(one)).map(({ row }) => row),
    keptByRules: decided.filter(({ byRules }) => byRules.length > 0).length,
  };
}

/** In the order in which they are measured for `limitSize`: what is needed, then the newest first. Pure. */
export function sizeOrder<Row extends RetainedCheckpoint>(plan: RetentionPlan<Row>): readonly string[] {
  const needed = plan.kept.filter(isNeeded);
  const others = plan.kept.filter((kept) => !isNeeded(kept));
  return [...needed, ...others].map(({ row }) => row.id);
}

/**
 * Takes the oldest off a plan until what is left takes no more than `maxBytes`. `addedBytes`: what each takes besides
 * those before it in `sizeOrder`. Pure.
 */
export function limitSize<Row extends RetainedCheckpoint>(
  plan: RetentionPlan<Row>,
  addedBytes: ReadonlyMap<string, number>,
  maxBytes: number,
): RetentionPlan<Row> {
  let bytes = 0;
  const fitting = new Set<string>();
  for (const id of sizeOrder(plan)) {
    bytes += addedBytes.get(id) ?? 0;
    if (bytes <= maxBytes) fitting.add(id);
  }
  const stays = plan.kept.filter((kept) => isNeeded(kept) || fitting.has(kept.row.id));
  const taken = plan.kept.filter((kept) => !stays.includes(kept)).map(({ row }) => row);
  return {
    kept: stays,
    deleted: newestFirst([...plan.deleted, ...taken]),
    keptByRules: stays.filter(({ reasons }) => reasons.some(isRule)).length,
  };
}

/** Whether there is a rule at all: without one nothing says what may go. Pure. */
export function hasRule(rules: RetentionRules): boolean {
  const { keepNames, ...others } = rules;
  return (keepNames ?? []).length > 0 || Object.values(others).some((value) => value !== undefined);
}

function isNeeded({ reasons }: { readonly reasons: readonly KeepReason[] }): boolean {
  return !reasons.every(isRule);
}

function isRule(reason: KeepReason): boolean {
  return ruleReasons.some((rule) => rule === reason);
}

function ruleKeeps(
  newest: readonly RetainedCheckpoint[],
  rules: RetentionRules,
  now: number,
): ReadonlyMap<KeepReason, ReadonlySet<string>> {
  const { keep, keepWithinMs, keepNames = [], maxSizeBytes } = rules;
  const after = keepWithinMs === undefined ? Infinity : now - keepWithinMs;
  const named = newest.filter(({ name }) => name !== null && keepNames.some((glob) => fitsGlob(glob, name)));
  // A size alone keeps all that it has room for.
  const onlySize = maxSizeBytes !== undefined && !hasRule({ ...rules, maxSizeBytes: undefined });
  const kept: readonly (readonly [KeepReason, readonly RetainedCheckpoint[]])[] = [
    ['keep', newest.slice(0, keep ?? 0)],
    ['keep-within', newest.filter(({ createdAt }) => createdAt >= after)],
    ['keep-hourly', newestOfEach(newest, rules.keepHourly, hourOf)],
    ['keep-daily', newestOfEach(newest, rules.keepDaily, dayOf)],
    ['keep-weekly', newestOfEach(newest, rules.keepWeekly, weekOf)],
    ['keep-name', named],
    ['max-size', onlySize ? newest : []],
  ];
  return new Map(kept.map(([reason, rows]) => [reason, new Set(rows.map(({ id }) => id))]));
}

function newestOfEach(
  newest: readonly RetainedCheckpoint[],
  count: number | undefined,
  stretchOf: (at: number) => string,
): readonly RetainedCheckpoint[] {
  const found = new Map<string, RetainedCheckpoint>();
  for (const row of newest) {
    const stretch = stretchOf(row.createdAt);
    if (!found.has(stretch)) found.set(stretch, row);
  }
  return [...found.values()].slice(0, count ?? 0);
}

/** Of two hours of one name, when clocks are set back, each is one of its own. */
function hourOf(at: number): string {
  const date = new Date(at);
  return `${dayOf(at)} ${date.getHours()} ${date.getTimezoneOffset()}`;
}

function dayOf(at: number): string {
  return new Date(at).toDateString();
}

function weekOf(at: number): string {
  const date = new Date(at);
  const sinceMonday = (date.getDay() + 6) % 7;
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - sinceMonday).toDateString();
}

/** Of two of one instant, the greater id first: the same order whatever order they come in. */
function newestFirst<Row extends RetainedCheckpoint>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}
