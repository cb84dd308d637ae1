const firstWaitMs = 1_000;
const waitMaxMs = 60_000;
const triesMax = 5;

/** Whether a held call is sent once more after so many tries. */
export function canWait(tries: number): boolean {
  return tries < triesMax;
}

/** How long a busy provider asks to be left alone (`retry-after-ms`, `retry-after`), or twice as long each time. */
export function waitAfter(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  tries: number,
): number {
  const ms = Number.parseFloat(word(headers['retry-after-ms']));
  if (ms >= 0) return Math.min(ms, waitMaxMs);
  const after = word(headers['retry-after']);
  const seconds = Number(after);
  if (after !== '' && seconds >= 0) return Math.min(seconds * 1_000, waitMaxMs);
  return Math.min(firstWaitMs * 2 ** (tries - 1), waitMaxMs);
}

function word(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}
