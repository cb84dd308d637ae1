import { CodeframeError } from '../failure.ts';
import { durationMs, sizeBytes } from '../project/amounts.ts';
import type { RestorePart } from '../checkpoint/restore.ts';
import type { Tier } from '../context/item.ts';

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `30s`, `2m`, `1h` in milliseconds. */
export function parseDuration(text: string, argument: string): number {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined)
    throw invalid(argument, `\`${text}\` is not a duration such as 500ms, 30s or 2m`);
  return Number(digits) * unitsMs[unit as keyof typeof unitsMs];
}

/** As `parseDuration`, and days and weeks. */
export function parseAge(text: string, argument: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw invalid(argument, `\`${text}\` is not an age such as 30m, 24h, 7d or 4w`);
  return ms;
}

/** `5GB` in bytes. */
export function parseSize(text: string, argument: string): number {
  const bytes = sizeBytes(text);
  if (bytes === undefined) throw invalid(argument, `\`${text}\` is not a size such as 800MB or 5GB`);
  return bytes;
}

export function parseCount(text: string, argument: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid(argument, `\`${text}\` is not a number such as 10`);
}

/** A task's id: 3, or #3 as tables show it. */
export function parseTaskId(text: string, argument = 'ID'): number {
  const [, digits] = /^#?(\d{1,9})$/.exec(text) ?? [];
  if (digits === undefined) throw invalid(argument, `\`${text}\` is not a task's number such as 3`);
  return Number(digits);
}

export function parseTaskIds(text: string, argument: string): readonly number[] {
  return text.split(',').map((id) => parseTaskId(id.trim(), argument));
}

export function parseSeq(text: string, argument: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(argument, `\`${text}\` is not an event's number such as 12`);
  return Number(text);
}

const restoreParts: readonly RestorePart[] = ['code', 'state', 'context'];

export function parseRestoreParts(text: string, argument: string): readonly RestorePart[] {
  return text.split(',').map((part) => {
    const known = restoreParts.find((candidate) => candidate === part.trim());
    if (known === undefined) throw invalid(argument, `\`${part}\` is none of ${restoreParts.join(', ')}`);
    return known;
  });
}

/** `0.4` or `40%`, as a share from 0 to 1. */
export function parseShare(text: string, argument: string): number {
  const [, digits, percent] = /^(\d{1,3}(?:\.\d{1,6})?)\s?(%?)$/.exec(text) ?? [];
  const share = Number(digits) / (percent === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw invalid(argument, `\`${text}\` is not a share from 0 to 1, such as 0.4 or 40%`);
}

export function parseBudget(text: string, argument: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalid(argument, `\`${text}\` is not a number of tokens such as 2000`);
}

const tiers: readonly Tier[] = ['HOT', 'WARM', 'COLD'];

export function parseTier(text: string, argument: string): Tier {
  const known = tiers.find((tier) => tier === text.toUpperCase());
  if (known === undefined) throw invalid(argument, `\`${text}\` is none of ${tiers.join(', ')}`);
  return known;
}

/** `PROVIDER:MODEL`; whether the provider is there is found out where models are opened. */
export function parseModel(text: string, argument: string): string {
  if (/^[^:\s]+:.+$/s.test(text)) return text;
  throw invalid(
    argument,
    `\`${text}\` is not PROVIDER:MODEL, such as anthropic:claude-sonnet-4-5 or recorded:FILE`,
  );
}

export function parseUrl(text: string, argument: string): string {
  if (URL.canParse(text) && /^https?:/i.test(text)) return text;
  throw invalid(argument, `\`${text}\` is not an http or https address`);
}

export function invalid(argument: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'invalid-argument', argument, problem });
}
