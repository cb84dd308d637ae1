import type { StepEffect } from './step.ts';
import type { ToolSpec } from './model.ts';

/** Something that a model agent can do to the world. */
export interface Tool {
  readonly spec: ToolSpec;
  readonly effect: StepEffect;
  /** One line for people: what this call is about, e.g. `src/a.ts` or `npm test`. Takes any input, also nonsense. */
  describe(input: unknown): string;
  /** The command line that has to be allowed, by a rule or a person, before `run` is called; left out by tools that need no leave. */
  commandLine?(input: unknown): string | null;
  /** Does it. Never throws for what the model did wrong: that is a result with `isError`. Rejects with the signal's reason when cut. */
  run(input: unknown, context: ToolContext): Promise<ToolResult>;
}

export interface ToolContext {
  readonly projectDir: string;
  readonly marker: string;
  /** Aborted when the grace of a pause is over: end, politely first. */
  readonly signal: AbortSignal;
  /** Aborted when nothing may be left running: SIGKILL. Always after `signal`. */
  readonly kill: AbortSignal;
  /** SHA-256 of a file (path as in `ToolResult.path`) as the agent's prompt shows it; null when it shows none. */
  seen(path: string): string | null;
}

export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
  /** The file that it is about, relative to the project, with `/`. */
  readonly path?: string;
  /** SHA-256 of that file's whole content, as the agent knows it now. */
  readonly sha256?: string;
}

/** A result that tells the model what it did wrong. */
export function toolError(text: string): ToolResult {
  return { text, isError: true };
}
