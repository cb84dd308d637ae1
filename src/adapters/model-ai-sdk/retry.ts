import { APICallError } from 'ai';
import type { Clock } from '../../clock.ts';
import { CodeframeError } from '../../failure.ts';
import { BrokenReply } from './read-reply.ts';

const TRIES_MAX = 6;
/** What is no answer at all is unlikely to become one. */
const NONSENSE_TRIES_MAX = 3;
const WAIT_MAX_MS = 5 * 60_000;
const FIRST_WAIT_MS = 1_000;

export interface Retrying {
  readonly provider: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onWait?: (waitMs: number, problem: string) => void;
}

/**
 * Calls until it works: after 408, 429, 5xx and broken connections waits as long as the provider asks, or twice as long
 * each time, and gives up after 6 tries or 5 minutes. Throws `model-refused`, or the signal's reason.
 */
export async function withRetries<T>(retrying: Retrying, call: () => Promise<T>): Promise<T> {
  let waitedMs = 0;
  for (let tries = 1; ; tries++) {
    retrying.signal.throwIfAborted();
    const outcome = await settle(call);
    if (outcome.ok) return outcome.value;
    retrying.signal.throwIfAborted();
    const trouble = troubleOf(outcome.error, retrying.provider);
    const waitMs = trouble.waitMs ?? FIRST_WAIT_MS * 2 ** (tries - 1);
    if (tries >= trouble.triesMax || waitedMs + waitMs > WAIT_MAX_MS) throw trouble.failure;
    retrying.onWait?.(waitMs, trouble.problem);
    await retrying.clock.sleep(waitMs, retrying.signal);
    waitedMs += waitMs;
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function settle<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return { ok: false, error };
  }
}

interface Trouble {
  readonly problem: string;
  readonly triesMax: number;
  /** What the provider asks for; null when it does not say. */
  readonly waitMs: number | null;
  readonly failure: Error;
}

function troubleOf(error: unknown, provider: string): Trouble {
  if (error instanceof CodeframeError)
    return { problem: error.message, triesMax: 1, waitMs: null, failure: error };
  const status = APICallError.isInstance(error) ? (error.statusCode ?? null) : null;
  const problem = problemOf(error);
  const triesMax = triesFor(error, status);
  const failure = new CodeframeError(
    { code: 'model-refused', provider, httpStatus: status, problem, retryable: triesMax > 1 },
    { cause: error },
  );
  const headers = APICallError.isInstance(error) ? error.responseHeaders : undefined;
  return { problem, triesMax, waitMs: retryAfterMs(headers ?? {}), failure };
}

function triesFor(error: unknown, status: number | null): number {
  if (error instanceof BrokenReply) return TRIES_MAX;
  if (status === 408 || status === 429 || (status !== null && status >= 500)) return TRIES_MAX;
  if (status !== null && status >= 400) return 1;
  // An answer of 200 that cannot be read: a proxy's page, broken JSON.
  if (status !== null) return NONSENSE_TRIES_MAX;
  if (APICallError.isInstance(error)) return error.isRetryable ? TRIES_MAX : 1;
  return isBusyEvent(error) || isConnectionError(error) ? TRIES_MAX : NONSENSE_TRIES_MAX;
}

/** Providers also tell in the middle of a stream that they are overloaded. */
function isBusyEvent(error: unknown): boolean {
  return /overloaded|rate_limit|server_error|api_error|unavailable/i.test(problemOf(error));
}

function isConnectionError(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && 'code' in error);
}

function problemOf(error: unknown): string {
  if (error instanceof Error) return oneLine(bodyMessage(error) ?? error.message);
  return oneLine(typeof error === 'string' ? error : (JSON.stringify(error) ?? 'unknown'));
}

/** A page of a proxy is not a message. */
function bodyMessage(error: Error): string | null {
  if (!APICallError.isInstance(error) || error.message !== '') return null;
  return error.responseBody ?? null;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now = Date.now()): number | null {
  const ms = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (ms >= 0) return ms;
  const after = headers['retry-after'];
  if (after === undefined) return null;
  const seconds = Number(after);
  if (seconds >= 0) return seconds * 1_000;
  const at = Date.parse(after);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
