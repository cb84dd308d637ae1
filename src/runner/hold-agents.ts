import { markerPrefix, markerScope, type Processes, type Thaw } from '../agent/processes.ts';
import type { HeldAgents, HoldAgents } from '../checkpoint/create-checkpoint.ts';
import type { Clock } from '../clock.ts';
import type { StepGate } from './step-gate.ts';

/** How long the agents' tools may take to end their step, and their programs to be frozen, before the cut is made anyway. */
const holdMs = 5_000;

/**
 * Brings the agents of this process to a stand: their tools between two steps, their programs stopped where they are.
 * One at a time: the next waits until the one before lets go.
 */
export function holdAgents(
  ports: {
    readonly clock: Clock;
    readonly processes: Processes;
    readonly project: { readonly id: string };
  },
  gate: StepGate,
): HoldAgents {
  return async () => {
    const began = ports.clock.elapsed();
    const open = await gate.hold(ports.clock, holdMs);
    try {
      const thaw = await ports.processes.freezeMarked(markerPrefix(markerScope(ports.project)), holdMs);
      return held(ports.clock, { began, thaw, open });
    } catch (error) {
      open();
      throw error;
    }
  };
}

function held(
  clock: Clock,
  holding: { readonly began: number; readonly thaw: Thaw; readonly open: () => void },
): HeldAgents {
  let heldMs: number | undefined;
  return {
    release() {
      if (heldMs !== undefined) return heldMs;
      holding.thaw();
      holding.open();
      heldMs = Math.round(clock.elapsed() - holding.began);
      return heldMs;
    },
  };
}
