import type { AgentDriver } from '../agent/driver.ts';
import type { Processes } from '../agent/processes.ts';
import type { RestorePorts } from '../checkpoint/restore-checkpoint.ts';
import type { TokenCounter } from '../context/tokens.ts';
import type { FlashSaveSettings } from '../context/flash-save.ts';

/** Everything that running a project needs from outside. `main.ts` makes one a project; tests make their own. */
export interface RunnerPorts extends RestorePorts {
  readonly projectDir: string;
  /** By name. */
  readonly drivers: ReadonlyMap<string, AgentDriver>;
  readonly processes: Processes;
  readonly tokens: TokenCounter;
  readonly flashSave: FlashSaveSettings;
  /** Who does things, for the events: `cli:USER@HOST#PID`, `library#PID`. */
  readonly actor: string;
  /** Watches over this process while it owns agents: kills what they left when it dies without a word. */
  readonly guard: (ownerId: string) => { stop(): Promise<void> };
}
