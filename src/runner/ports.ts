import type { AgentDriver } from '../agent/driver.ts';
import type { Processes } from '../agent/processes.ts';
import type { CheckpointSettings } from '../checkpoint/automatic.ts';
import type { CheckpointSpace } from '../checkpoint/checkpoint-space.ts';
import type { MeasureDisk } from '../checkpoint/disk-report.ts';
import type { RecoveredRestore } from '../checkpoint/recover-restore.ts';
import type { RestorePorts } from '../checkpoint/restore-checkpoint.ts';
import type { FlashSaveSettings } from '../context/flash-save.ts';
import type { KnownTexts } from '../context/known-texts.ts';
import type { TokenCounter } from '../context/tokens.ts';
import type { Secrets } from '../secret/secrets.ts';

/** Everything that a project needs from outside. `main.ts` makes one a project; tests make their own. */
export interface ProjectPorts extends RestorePorts {
  readonly projectDir: string;
  /** Told of each restore that was cut and is ended now. */
  readonly onRecovered?: (recovered: RecoveredRestore) => void;
  /** Of this project, as this process knows them. */
  readonly secrets: Secrets;
  /** By name. */
  readonly drivers: ReadonlyMap<string, AgentDriver>;
  readonly processes: Processes;
  /** Of the same store as `checkpoints`. */
  readonly space: CheckpointSpace;
  readonly measureDisk: MeasureDisk;
  readonly checkpointSettings: CheckpointSettings;
  readonly flashSave: FlashSaveSettings;
  readonly graceMs: number;
  /** US dollars that the project's agents may spend, all told; undefined: as they like. */
  readonly budgetUsd?: number | undefined;
  /** Who does things, for the events: `cli:USER@HOST#PID`, `library#PID`. */
  readonly actor: string;
  /** Watches over this process while it owns agents: kills what they left when it dies without a word. */
  readonly guard: (ownerId: string) => { stop(): Promise<void> };
}

/** What agents and flash saves need besides; it takes a moment to load, so quick commands go without. */
export interface RunnerPorts extends ProjectPorts {
  readonly tokens: TokenCounter;
  /** What this process knows of the texts of memories: its runner reads them ahead, its flash saves use it. */
  readonly known?: KnownTexts;
}
