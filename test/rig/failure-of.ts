import { isFailure } from '../../src/failure.ts';
import type { Failure } from '../../src/failure.ts';

/** The expected failure that work ends with; rejects when it ends well, and as it does with anything else. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const outcome = await work.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  return failureIn(() => {
    throw outcome;
  });
}

/** As `failureOf`, of a call that answers at once. */
export function failureIn(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (isFailure(error)) return error.failure;
    throw error;
  }
  throw new Error('nothing was thrown');
}
