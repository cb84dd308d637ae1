import type { CheckpointConfig } from '../checkpoint/automatic-settings.ts';

/** What `.codeframe/config.json` says: the project's id, its name, and its settings. It may be committed. */
export interface ProjectConfig {
  readonly id: string;
  readonly name: string;
  readonly settings: ProjectSettings;
}

interface ProjectSettings {
  /** Commands that agents may run without asking, as globs over the whole line; see `agent/run-rules.ts`. */
  readonly allow: readonly string[];
  /** Commands about which agents ask, whatever else allows them. */
  readonly ask?: readonly string[] | undefined;
  /** Commands that no agent may run. */
  readonly deny?: readonly string[] | undefined;
  /** Ignored paths that a checkpoint covers all the same: files, directories with all that is in them, or globs. */
  readonly include: readonly string[];
  /** New files that a checkpoint covers although a secret is in them, as paths or globs. */
  readonly allowSecrets?: readonly string[] | undefined;
  /** How long agents may finish their step when they are paused. */
  readonly graceMs?: number | undefined;
  readonly flashSave?: FlashSaveSettings | undefined;
  /** When checkpoints are made and deleted without being asked. */
  readonly checkpoints?: CheckpointConfig | undefined;
  /** How many steps an agent may take for one task. */
  readonly stepsMax?: number | undefined;
  /** US dollars that the project's agents may spend, all told; then it is paused. */
  readonly budgetUsd?: number | undefined;
}

interface FlashSaveSettings {
  /** Share of the prompt's tokens that a flash save aims to archive, 0 to 1. */
  readonly target?: number | undefined;
  /** Share of the model's window from which an agent's prompt is saved without being asked, 0 to 1. */
  readonly threshold?: number | undefined;
  /** The models' window, where codeframe does not know it (a server of one's own) or less of it is to be used. */
  readonly windowTokens?: number | undefined;
  /** True: nothing is ever archived. */
  readonly off?: boolean | undefined;
}

/** A project on this machine. */
export interface ProjectPlace {
  readonly config: ProjectConfig;
  readonly configPath: string;
  /** Absolute, links resolved. */
  readonly dir: string;
  /** Its own part of CODEFRAME_HOME: `state.db`, `store.git`, `journal/`, `backups/`, `logs/`. */
  readonly dataDir: string;
}
