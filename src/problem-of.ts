import { failureWords } from './failure-words.ts';
import { CodeframeError } from './failure.ts';

/** One line about any error, for rows and events. */
export function problemOf(error: unknown): string {
  if (error instanceof CodeframeError) return failureWords(error.failure).message;
  return error instanceof Error ? error.message : String(error);
}
