import { cleanUpCheckpoints } from '../checkpoint/retention-cleanup.ts';
import { releaseKeptRefs } from '../checkpoint/release-kept.ts';
import { isReclaimDue, reclaimDeleted } from '../checkpoint/retention-reclaim.ts';
import { isFailure } from '../failure.ts';
import type { ProjectPorts } from './ports.ts';

/**
 * What follows a checkpoint: deletes what the config's rules do not keep, and reclaims the space of what has been deleted
 * for long enough, and the refs of restores in the user's repository that nobody needs. Never rejects: a checkpoint does not fail because an old one could not be deleted.
 */
export async function tidyCheckpoints(ports: ProjectPorts): Promise<void> {
  const { cleanup: rules, reclaimAfterMs } = ports.checkpointSettings;
  try {
    if (rules !== null) {
      const { deleted } = await cleanUpCheckpoints(ports, { rules });
      if (deleted.length > 0) ports.log.info({ deleted: deleted.map(({ id }) => id) }, 'cleaned up');
    }
    if (await isReclaimDue(ports, reclaimAfterMs)) await reclaimDeleted(ports, { forMs: reclaimAfterMs });
    else await releaseKeptRefs(ports);
  } catch (error) {
    // Rules that keep nothing by now, as when the config says only `keepWithin`.
    const level = isFailure(error, 'rules-keep-nothing') ? 'info' : 'error';
    ports.log[level]({ err: error }, 'could not tidy the checkpoints');
  }
}
