import { CodeframeError } from '../failure.ts';
import type { LeaseRow } from '../project/lease.ts';
import type { Fence } from './store.ts';

/** Throws `stale-owner` unless the lease is still the one that the fence was made of (O1). */
export function checkFence(fence: Fence, lease: LeaseRow | undefined): void {
  if (lease && lease.ownerId === fence.ownerId && lease.epoch === fence.epoch) return;
  throw new CodeframeError({
    code: 'stale-owner',
    epoch: fence.epoch,
    currentEpoch: lease?.epoch ?? 0,
  });
}
