import { CodeframeError, type Failure } from '../../failure.ts';

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly failure?: Failure;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

const depthMax = 8;

/** An error as data, with its stack, the failure's own data, and what caused it. Anything else stays as it is. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error) || depth > depthMax) return error instanceof Error ? error.message : error;
  const { code } = error as { readonly code?: unknown };
  const described: DescribedError = {
    type: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(typeof code === 'string' && { code }),
    ...(error instanceof CodeframeError && { failure: error.failure }),
    ...(error.cause !== undefined && { cause: describeError(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && {
      errors: error.errors.map((inner: unknown) => describeError(inner, depth + 1)),
    }),
  };
  return described;
}
