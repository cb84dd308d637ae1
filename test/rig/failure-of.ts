import { isFailure } from '../../src/failure.ts';

/** What work fails with; rejects as it does with anything else. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    if (isFailure(error)) return error.failure;
    throw error;
  }
  return 'nothing was thrown';
}
