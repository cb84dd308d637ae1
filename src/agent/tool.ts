import type { StepEffect } from './step.ts';
import type { ToolSpec } from './model.ts';

/** Something that a model agent can do to the world. */
export interface Tool {
  readonly spec: ToolSpec;
  readonly effect: StepEffect;
  /** One line for people: what this call is about, e.g. `src/a.ts` or `npm test`. */
  describe(input: unknown): string;
  /** Does it. Never throws for what the model did wrong: that is a result with `isError`. Rejects with the signal's reason when cut. */
  run(input: unknown, context: ToolContext): Promise<ToolResult>;
}

export interface ToolContext {
  readonly projectDir: string;
  readonly marker: string;
  /** Aborted when the grace of a pause is over. */
  readonly signal: AbortSignal;
  /** Whether this exact command line may run without asking. */
  readonly mayRun: (line: string) => boolean;
}

export type ToolResult =
  | { readonly kind: 'result'; readonly text: string; readonly isError: boolean; readonly path?: string }
  /** A person has to allow it first; nothing was done. */
  | { readonly kind: 'ask'; readonly question: string; readonly line: string };
