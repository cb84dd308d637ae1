const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const unitsBytes = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `500ms`, `30s`, `2m`, `1h`, `7d`, `4w` in ms; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Number(digits) * unitsMs[unit as keyof typeof unitsMs];
}

/** `800MB`, `5GB`, `1.5 TB` in bytes, a KB being 1,000; undefined for anything else. */
export function sizeBytes(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?) ?(B|KB|MB|GB|TB)$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Math.round(Number(digits) * unitsBytes[unit.toUpperCase() as keyof typeof unitsBytes]);
}
