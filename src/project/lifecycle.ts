/**
 * What a project is doing.
 *
 *                start                      pause-requested                pause-finished
 *   created ───────────────▶ running ─────────────────────▶ pausing ───────────────────▶ paused
 *      ▲   stopped,completed   │  ▲                            │ pause-failed               │
 *      │   interrupted         │  └────────────────────────────┘ (back to `from`)           │ resume-requested
 *      │                       │  ▲                                                         ▼
 *      │                       │  └───────────────────── resumed ────────────────────── resuming
 *      │                       ├─▶ stopping (stop-requested) ─▶ stopped (stopped)   ├─▶ completed (all-tasks-ended)
 *      │                       └─▶ interrupted (runner-lost; also from pausing, resuming and stopping)
 *      └─ restore-begun / restore-ended: any state without a runner ⇄ restoring (back to `from`)
 *
 * Every state in which nothing is on its way to another one can be paused, also one without agents or without a runner.
 */
export type ProjectState =
  | { readonly kind: 'created'; readonly since: number }
  | { readonly kind: 'running'; readonly since: number; readonly epoch: number }
  | {
      readonly kind: 'pausing';
      readonly since: number;
      readonly pauseId: string;
      /** Where a failed pause goes back to. */
      readonly from: SettledState;
    }
  | {
      readonly kind: 'paused';
      readonly since: number;
      readonly pauseId: string;
      readonly checkpointId: string;
      /** What was paused. */
      readonly from: SettledState['kind'];
    }
  | {
      readonly kind: 'resuming';
      readonly since: number;
      readonly epoch: number;
      readonly pauseId: string | null;
    }
  | {
      readonly kind: 'interrupted';
      readonly since: number;
      readonly was: 'running' | 'pausing' | 'resuming' | 'stopping';
      readonly lostEpoch: number;
    }
  | { readonly kind: 'stopping'; readonly since: number; readonly epoch: number; readonly graceMs: number }
  | { readonly kind: 'stopped'; readonly since: number; readonly why: StopReason }
  | { readonly kind: 'completed'; readonly since: number }
  | {
      readonly kind: 'restoring';
      readonly since: number;
      readonly restoreId: string;
      readonly from: QuietState;
    };

/** A state that a pause can start from. */
export type SettledState = Exclude<
  ProjectState,
  { kind: 'pausing' | 'paused' | 'resuming' | 'stopping' | 'restoring' }
>;
/** A state in which no runner owns the project. */
export type QuietState = Exclude<
  ProjectState,
  { kind: 'running' | 'pausing' | 'resuming' | 'stopping' | 'restoring' }
>;
export type ProjectStatus = ProjectState['kind'];
/** `asked`: by `codeframe stop` or Ctrl-C. `waiting`: every task left waits for a person. `failed`: tasks failed and nothing else is left. */
export type StopReason = 'asked' | 'waiting' | 'failed';

export type ProjectChange =
  | { readonly kind: 'start'; readonly at: number; readonly epoch: number }
  | { readonly kind: 'pause-requested'; readonly at: number; readonly pauseId: string }
  | { readonly kind: 'pause-finished'; readonly at: number; readonly checkpointId: string }
  | { readonly kind: 'pause-failed'; readonly at: number }
  | { readonly kind: 'resume-requested'; readonly at: number; readonly epoch: number }
  | { readonly kind: 'resumed'; readonly at: number }
  | { readonly kind: 'stop-requested'; readonly at: number; readonly graceMs: number }
  | { readonly kind: 'stopped'; readonly at: number; readonly why: StopReason }
  | { readonly kind: 'all-tasks-ended'; readonly at: number }
  | { readonly kind: 'runner-lost'; readonly at: number; readonly lostEpoch: number }
  | { readonly kind: 'restore-begun'; readonly at: number; readonly restoreId: string }
  | { readonly kind: 'restore-ended'; readonly at: number };

export type NextState =
  | { readonly ok: true; readonly state: ProjectState }
  /** `next` is the command that would work now. */
  | { readonly ok: false; readonly next: string };

/** The state after a change, or the refusal of it. Pure. */
export function nextState(state: ProjectState, change: ProjectChange): NextState {
  switch (change.kind) {
    case 'start':
      return ['created', 'stopped', 'completed', 'interrupted'].includes(state.kind)
        ? to({ kind: 'running', since: change.at, epoch: change.epoch })
        : refused(state);
    case 'pause-requested':
      return isSettled(state)
        ? to({ kind: 'pausing', since: change.at, pauseId: change.pauseId, from: state })
        : refused(state);
    case 'pause-finished':
      return state.kind === 'pausing'
        ? to({
            kind: 'paused',
            since: change.at,
            pauseId: state.pauseId,
            checkpointId: change.checkpointId,
            from: state.from.kind,
          })
        : refused(state);
    case 'pause-failed':
      return state.kind === 'pausing' ? to(state.from) : refused(state);
    case 'resume-requested':
      return resumeFrom(state, change);
    case 'resumed':
      return state.kind === 'resuming'
        ? to({ kind: 'running', since: change.at, epoch: state.epoch })
        : refused(state);
    case 'stop-requested':
      return stopFrom(state, change);
    case 'stopped':
      return ['running', 'stopping', 'interrupted'].includes(state.kind)
        ? to({ kind: 'stopped', since: change.at, why: change.why })
        : refused(state);
    case 'all-tasks-ended':
      return state.kind === 'running' ? to({ kind: 'completed', since: change.at }) : refused(state);
    case 'runner-lost':
      return runnerLost(state, change);
    case 'restore-begun':
      return isQuiet(state)
        ? to({ kind: 'restoring', since: change.at, restoreId: change.restoreId, from: state })
        : refused(state);
    case 'restore-ended':
      return state.kind === 'restoring' ? to(state.from) : refused(state);
  }
}

/** Asked again while it stops, the shorter grace counts: a second Ctrl-C cuts. */
function stopFrom(state: ProjectState, { at, graceMs }: { at: number; graceMs: number }): NextState {
  if (state.kind === 'stopping') return to({ ...state, graceMs: Math.min(state.graceMs, graceMs) });
  if (state.kind !== 'running') return refused(state);
  return to({ kind: 'stopping', since: at, epoch: state.epoch, graceMs });
}

function resumeFrom(state: ProjectState, change: { at: number; epoch: number }): NextState {
  if (state.kind !== 'paused' && state.kind !== 'interrupted') return refused(state);
  const pauseId = state.kind === 'paused' ? state.pauseId : null;
  return to({ kind: 'resuming', since: change.at, epoch: change.epoch, pauseId });
}

function runnerLost(state: ProjectState, change: { at: number; lostEpoch: number }): NextState {
  if (state.kind === 'restoring') return to(state.from);
  if (state.kind === 'pausing' && state.from.kind !== 'running') return to(state.from);
  if (isQuiet(state)) return refused(state);
  return to({ kind: 'interrupted', since: change.at, was: state.kind, lostEpoch: change.lostEpoch });
}

export function isSettled(state: ProjectState): state is SettledState {
  return !['pausing', 'paused', 'resuming', 'stopping', 'restoring'].includes(state.kind);
}

export function isQuiet(state: ProjectState): state is QuietState {
  return !['running', 'pausing', 'resuming', 'stopping', 'restoring'].includes(state.kind);
}

/** True while some process must own the project, so that a dead owner means that recovery is due. */
export function needsOwner(state: ProjectState): boolean {
  return !isQuiet(state);
}

function to(state: ProjectState): NextState {
  return { ok: true, state };
}

function refused(state: ProjectState): NextState {
  return { ok: false, next: nextCommand(state) };
}

/** The command that leads on from a state. */
export function nextCommand(state: ProjectState): string {
  switch (state.kind) {
    case 'created':
    case 'stopped':
    case 'completed':
      return 'codeframe start';
    case 'running':
      return 'codeframe pause';
    case 'paused':
    case 'interrupted':
      return 'codeframe resume';
    case 'pausing':
      return 'codeframe pause';
    case 'resuming':
    case 'stopping':
    case 'restoring':
      return 'codeframe status --watch';
  }
}
