import { durationMs, sizeBytes } from '../project/amounts.ts';
import { defaultCheckpointSettings, type CheckpointSettings } from './automatic.ts';
import type { RetentionRules } from './retention.ts';

/** `checkpoints` of the config, as people write it. */
export interface CheckpointConfig {
  /** `10m`; false: never by time. */
  readonly every?: string | false | undefined;
  readonly afterTask?: boolean | undefined;
  readonly beforeCommands?: readonly string[] | undefined;
  readonly cleanup?: CleanupConfig | undefined;
  /** `7d` */
  readonly reclaimAfter?: string | undefined;
  /** `90d`: for so long rules delete nothing that the undo of a restore needs. */
  readonly undoFor?: string | undefined;
  /** `5GB` */
  readonly warnAt?: string | undefined;
  /** `50MB`: larger files are listed and not covered. */
  readonly fileSizeMax?: string | undefined;
  /** `2GB`: of more the largest files are listed and not covered. */
  readonly sizeMax?: string | undefined;
}

/** The options of `cleanup-checkpoints`. */
interface CleanupConfig {
  readonly keep?: number | undefined;
  readonly keepWithin?: string | undefined;
  readonly keepHourly?: number | undefined;
  readonly keepDaily?: number | undefined;
  readonly keepWeekly?: number | undefined;
  readonly keepNames?: readonly string[] | undefined;
  readonly maxSize?: string | undefined;
}

/** The settings that a config means; what it leaves out is as by default. Its texts have been checked before. */
export function checkpointSettings(config: CheckpointConfig = {}): CheckpointSettings {
  const normal = defaultCheckpointSettings;
  return {
    everyMs: config.every === false ? null : (amount(durationMs, config.every) ?? normal.everyMs),
    afterTask: config.afterTask ?? normal.afterTask,
    beforeCommands: config.beforeCommands ?? normal.beforeCommands,
    cleanup: config.cleanup === undefined ? normal.cleanup : rulesOf(config.cleanup),
    reclaimAfterMs: amount(durationMs, config.reclaimAfter) ?? normal.reclaimAfterMs,
    undoForMs: amount(durationMs, config.undoFor) ?? normal.undoForMs,
    warnBytes: amount(sizeBytes, config.warnAt) ?? normal.warnBytes,
  };
}

function rulesOf(config: CleanupConfig): RetentionRules {
  const { keepWithin, maxSize, ...rules } = config;
  return { ...rules, keepWithinMs: amount(durationMs, keepWithin), maxSizeBytes: amount(sizeBytes, maxSize) };
}

function amount(read: (text: string) => number | undefined, text: string | undefined): number | undefined {
  return text === undefined ? undefined : read(text);
}
