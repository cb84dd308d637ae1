import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Processes } from '../agent/processes.ts';
import { recordEvent } from '../event/record-event.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import { isExpired, leaseRenewMs, leaseTtlMs, type LeaseRow, type OwnerLiveness } from '../project/lease.ts';
import type { Fence, Store } from '../store/store.ts';

export interface LeasePorts {
  readonly store: Store;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly actor: string;
}

/** The right to change a project, kept alive until it is released or lost to another process. */
export interface HeldLease {
  readonly fence: Fence;
  /** Aborts when another process has taken over; everything that this one still does is refused by the store. */
  readonly lost: AbortSignal;
  /** The owner before, when it did not release the lease: recovery is due. */
  readonly before: LeaseRow | null;
  /**
   * Gives the lease back (nothing when it is already lost or given back). Never rejects, so that it hides no other
   * failure: one that cannot be given back ends with the process, or by its age.
   */
  release(): Promise<void>;
  /** Stops renewing without giving it back: a transaction of the caller's has done that. */
  forget(): void;
}

/**
 * Takes the lease for a command. Throws `project-owned` when a live process has it. An owner whose lease ran out but
 * whose process is there is watched for one time to live first: its clock, or ours, may have jumped (O3).
 */
export async function takeLease(ports: LeasePorts, verb: string): Promise<HeldLease> {
  const command = `${isProgram(ports) ? programName : 'library'} ${verb}`;
  for (;;) {
    const seen = await ports.store.read((tx) => tx.get('leases', 'runner'));
    if (seen !== undefined && seen.ownerId !== null) await waitForSilence(ports, seen);
    const held = await tryTake(ports, { command, seen });
    if (held !== 'moved') return held;
  }
}

/** The program itself holds a lease, and not somebody's program that uses the library. */
const programName = 'codeframe';

function isProgram(ports: LeasePorts): boolean {
  return ports.actor.startsWith('cli:');
}

/**
 * The owner that was taken over while its process lives has stood still for longer than its lease. Should it wake up,
 * the store refuses what it writes, but a tool of its own may be in the middle of a file: so it is killed. A process
 * that only uses the library is its user's; it is left alone, and stops by itself at its next write.
 */
export function killStaleOwner(ports: LeasePorts, before: LeaseRow | null): void {
  if (before === null || livenessOf(ports.processes, before) !== 'alive') return;
  const { pid, command } = before;
  const killed = command?.startsWith(`${programName} `) === true && ports.processes.killOwner(before);
  ports.log.warn({ pid, command, killed }, 'the owner before stands still; it has lost the project');
}

/** Returns when the owner may be taken over; throws `project-owned` when it lives. */
async function waitForSilence(ports: LeasePorts, seen: LeaseRow): Promise<void> {
  const liveness = livenessOf(ports.processes, seen);
  if (liveness === 'dead') return;
  const { clock } = ports;
  if (!isExpired(seen, clock.now())) throw owned(seen);
  const until = clock.elapsed() + seen.ttlMs;
  while (clock.elapsed() < until) {
    await clock.sleep(200);
    const now = await ports.store.read((tx) => tx.get('leases', 'runner'));
    if (now === undefined || now.ownerId !== seen.ownerId) return;
    if (now.renewedAt !== seen.renewedAt) throw owned(now);
    if (livenessOf(ports.processes, now) === 'dead') return;
  }
}

async function tryTake(
  ports: LeasePorts,
  request: { readonly command: string; readonly seen: LeaseRow | undefined },
): Promise<HeldLease | 'moved'> {
  const { store, clock, ids, processes } = ports;
  const identity = processes.identity();
  const ownerId = ids.next('owner');
  const { seen } = request;
  const now = clock.now();
  const epoch = (seen?.epoch ?? 0) + 1;
  const mine: LeaseRow = {
    name: 'runner',
    epoch,
    ownerId,
    command: request.command,
    pid: identity.pid,
    host: identity.host,
    bootId: identity.bootId,
    processStart: identity.processStart,
    acquiredAt: now,
    renewedAt: now,
    ttlMs: leaseTtlMs,
  };
  const taken = await store.write(async (tx) => {
    if (seen === undefined) {
      if ((await tx.get('leases', 'runner')) !== undefined) return false;
      await tx.insert('leases', mine);
    } else {
      // Also the renewal: an owner that gave a sign of life since it was looked at is not taken over.
      const expect = { epoch: seen.epoch, ownerId: seen.ownerId, renewedAt: seen.renewedAt };
      if (!(await tx.update('leases', { key: ['runner'], expect, set: mine }))) return false;
    }
    const from = seen === undefined || seen.ownerId === null ? 'free' : goneHow(processes, seen);
    await recordEvent(tx, ports, {
      type: 'lease-taken',
      data: { epoch, command: request.command, pid: identity.pid, from },
    });
    return true;
  });
  if (!taken) return 'moved';
  return keepAlive(ports, { mine, before: seen !== undefined && seen.ownerId !== null ? seen : null });
}

function keepAlive(
  ports: LeasePorts,
  request: { readonly mine: LeaseRow; readonly before: LeaseRow | null },
): HeldLease {
  const { store, clock, log } = ports;
  const fence: Fence = { ownerId: request.mine.ownerId ?? '', epoch: request.mine.epoch };
  const lost = new AbortController();
  const ended = new AbortController();
  const renewing = (async () => {
    for (;;) {
      await clock.sleep(leaseRenewMs, ended.signal);
      if (ended.signal.aborted) return;
      try {
        await store.write((tx) => tx.update('leases', { key: ['runner'], set: { renewedAt: clock.now() } }), {
          fence,
        });
      } catch (error) {
        if (isFailure(error, 'stale-owner')) {
          lost.abort(error);
          return;
        }
        // A busy or full disk passes; should it not, the lease runs out and another process takes over.
        log.warn({ err: error }, 'could not renew the lease');
      }
    }
  })();
  const forget = (): void => ended.abort();
  return {
    fence,
    lost: lost.signal,
    before: request.before,
    forget,
    async release() {
      forget();
      await renewing;
      if (lost.signal.aborted) return;
      await releaseRow(store, fence).catch((error: unknown) => {
        log.error({ err: error }, 'could not give the lease back');
      });
    },
  };
}

async function releaseRow(store: Store, fence: Fence): Promise<void> {
  await store.write((tx) =>
    tx.update('leases', {
      key: ['runner'],
      expect: { ownerId: fence.ownerId, epoch: fence.epoch },
      set: { ownerId: null },
    }),
  );
}

/** Does the work as the project's owner. Answers `owned`, and does nothing, when a live process owns it. */
export async function asOwner<T>(
  ports: LeasePorts,
  verb: string,
  work: (held: HeldLease) => Promise<T>,
): Promise<T | 'owned'> {
  let held;
  try {
    held = await takeLease(ports, verb);
  } catch (error) {
    if (isFailure(error, 'project-owned')) return 'owned';
    throw error;
  }
  try {
    return await work(held);
  } finally {
    await held.release();
  }
}

/** What is known of the process behind a lease. */
export function livenessOf(processes: Processes, lease: LeaseRow): OwnerLiveness {
  return processes.liveness(lease);
}

function goneHow(processes: Processes, lease: LeaseRow): 'dead' | 'expired' {
  return livenessOf(processes, lease) === 'dead' ? 'dead' : 'expired';
}

function owned(lease: LeaseRow): CodeframeError {
  return new CodeframeError({
    code: 'project-owned',
    command: lease.command ?? 'unknown',
    pid: lease.pid ?? 0,
    host: lease.host ?? 'unknown',
    sinceMs: lease.acquiredAt ?? 0,
  });
}
