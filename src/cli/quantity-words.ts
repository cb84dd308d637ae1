/** `850 ms`, `1.9 s`, `2 min 3 s`, `3 h 2 min`, `4 d 1 h`. */
export function durationWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair([Math.floor(seconds / 60), 'min'], [seconds % 60, 's']);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return pair([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min']);
  return pair([Math.floor(minutes / 1440), 'd'], [Math.floor((minutes % 1440) / 60), 'h']);
}

function pair(large: readonly [number, string], small: readonly [number, string]): string {
  const [count, unit] = small;
  return `${large[0]} ${large[1]}${count === 0 ? '' : ` ${count} ${unit}`}`;
}

/** `1 task`, `3 tasks`, `12,000 tokens`. */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${numberWords(count)} ${count === 1 ? one : many}`;
}

export function numberWords(count: number): string {
  if (count < 0) return `-${numberWords(-count)}`;
  let rest = String(Math.round(count));
  let words = '';
  for (; rest.length > 3; rest = rest.slice(0, -3)) words = `,${rest.slice(-3)}${words}`;
  return rest + words;
}

/** `812 bytes`, `1.2 KB`, `34 MB`; a KB is 1,000 bytes. */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return countWords(bytes, 'byte');
  const units = ['KB', 'MB', 'GB', 'TB'] as const;
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${units[power - 1]}`;
}

/** The local day and time, to the second. */
export function timeWords(ms: number): string {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** `a, b and c`. */
export function listWords(things: readonly string[]): string {
  if (things.length < 2) return things.join('');
  return `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`;
}

/** `$0.12`, and `less than $0.01` for what would show as nothing. */
export function costWords(usd: number): string {
  return usd > 0 && usd < 0.01 ? 'less than $0.01' : `$${usd.toFixed(2)}`;
}
