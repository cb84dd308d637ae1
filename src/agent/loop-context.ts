import type { Log } from '../log.ts';
import { instructionsFor } from './agent-words.ts';
import type { Job, RunEnd } from './driver.ts';
import type { Model, ToolSpec } from './model.ts';
import type { Permission } from './permissions.ts';
import type { AgentSession } from './session.ts';
import type { StepRow } from './step.ts';
import type { StopControl } from './stop-control.ts';
import type { Tool } from './tool.ts';

/** What every part of one run of the model loop works with. */
export interface LoopContext {
  readonly job: Job;
  readonly model: Model;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly toolSpecs: readonly ToolSpec[];
  readonly log: Log;
  readonly stop: StopControl;
  /** By the rules of the project and of this agent. */
  readonly permissionFor: (line: string) => Permission;
  readonly answers: Awaited<ReturnType<AgentSession['answers']>>;
  /** Calls of this task that an end without warning cut, by call id: the step that was cut last. */
  readonly cutCalls: ReadonlyMap<string, StepRow>;
}

/** What every call of the model sends besides the memory; the same each time. */
export function sentBesides(loop: LoopContext): string {
  return `${instructionsFor(loop.job.agent)}\n${JSON.stringify(loop.toolSpecs)}`;
}

export function stoppedEnd(loop: LoopContext): RunEnd {
  return { kind: 'stopped', report: loop.stop.report() };
}

/** The step was recorded as interrupted by someone else: this run is no longer the agent's. */
export function lostStep(loop: LoopContext, step: StepRow): RunEnd {
  loop.stop.aborted(step);
  return stoppedEnd(loop);
}
