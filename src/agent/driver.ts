import type { AgentRow } from './agent.ts';
import type { AgentSession } from './session.ts';
import type { TaskRow } from '../task/task.ts';

/** How an agent is run: `model`, `command`. One driver serves all agents of its kind. */
export interface AgentDriver {
  readonly name: string;
  /** Throws `missing-program`, `missing-key`, `unknown-model` or `corrupt-recording` when the agent cannot be run. Starts nothing. */
  check(agent: AgentRow): Promise<void>;
  /** Starts work on a task. Returns at once; everything that may fail is told by `ended`. */
  begin(job: Job): AgentRun;
}

export interface Job {
  readonly agent: AgentRow;
  readonly task: TaskRow;
  readonly projectDir: string;
  /**
   * Every process that is started for the agent carries `CODEFRAME_AGENT=<marker>` in its environment,
   * so that it is found again whatever group or session it moves to.
   */
  readonly marker: string;
  /** Its steps and its memory, in the store. */
  readonly session: AgentSession;
}

/** An agent at work on one task. */
export interface AgentRun {
  /** Resolves when the agent works no more; never rejects. Its own processes may still have to be killed. */
  readonly ended: Promise<RunEnd>;
  /** Asks it to end after the step in flight (a program: SIGTERM). May be called twice. */
  finishStep(): void;
  /** The grace is over: the step in flight is aborted and recorded as interrupted (a program's group: SIGTERM). May be called twice. */
  cut(): void;
  /** SIGKILL to whatever it started; resolves when none of it is left. May be called twice, also after `ended`. */
  kill(): Promise<void>;
}

export type RunEnd =
  | { readonly kind: 'done'; readonly summary: string }
  | { readonly kind: 'failed'; readonly problem: string }
  /** It asked a person; the blocker is in the store and the task waits for it. */
  | { readonly kind: 'waiting'; readonly blockerId: string }
  /** It was told to stop; the task is to be continued. */
  | { readonly kind: 'stopped'; readonly report: StopReport };

/** How an agent came to its stop. */
export interface StopReport {
  /**
   * `idle`: had no work. `between-steps`: nothing was in flight. `finished-step`: it ended its step within the grace.
   * `cut`: the step was aborted. `terminated`: its program ended on SIGTERM. `killed`: SIGKILL was needed.
   */
  readonly how: 'idle' | 'between-steps' | 'finished-step' | 'cut' | 'terminated' | 'killed';
  /** The step that has an unknown outcome now. */
  readonly interruptedStepId: string | null;
  readonly durationMs: number;
}
