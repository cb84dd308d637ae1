import { createCheckpoint } from '../checkpoint/create-checkpoint.ts';
import type { CheckpointRequestRow, CheckpointRow } from '../checkpoint/checkpoint.ts';
import { CodeframeError } from '../failure.ts';
import { isExpired } from '../project/lease.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence } from '../store/store.ts';
import { holdAgents } from './hold-agents.ts';
import { asOwner, livenessOf } from './lease.ts';
import type { ProjectPorts } from './ports.ts';
import { recover } from './recover.ts';
import type { StepGate } from './step-gate.ts';
import { tidyCheckpoints } from './tidy-checkpoints.ts';
import { waitForChange } from './wait-for-change.ts';

/**
 * A checkpoint by hand. While a runner lives, it makes it, with its agents held between their steps, so that code,
 * rows and memory are of one instant; otherwise this process does, as the owner, so that nobody begins to work or to
 * restore meanwhile.
 */
export async function checkpointProject(
  ports: ProjectPorts,
  options: { readonly name?: string; readonly reason?: string },
): Promise<CheckpointRow> {
  if (options.name !== undefined) await refuseTaken(ports, options.name);
  const owner = await ownerNow(ports);
  // It would lose the project over a checkpoint, and may only have been stopped with Ctrl-Z.
  if (owner === 'silent') return makeHere(ports, options);
  if (owner === 'none') {
    const made = await asOwner(ports, 'checkpoint', async (held) => {
      await recover(ports, held);
      return makeHere(ports, { ...options, fence: held.fence });
    });
    if (made !== 'owned') return made;
  }
  const row = await requestCheckpoint(ports, options);
  return awaitCheckpoint(ports, { row, options });
}

async function makeHere(
  ports: ProjectPorts,
  options: { readonly name?: string; readonly reason?: string; readonly fence?: Fence },
): Promise<CheckpointRow> {
  const request = { ...options, trigger: 'manual', createdBy: ports.actor } as const;
  const { row } = await createCheckpoint(ports, request);
  await tidyCheckpoints(ports);
  return row;
}

async function refuseTaken(ports: ProjectPorts, name: string): Promise<void> {
  const [taken] = await ports.store.read((tx) =>
    tx.list('checkpoints', { where: { name, deletedAt: null }, limit: 1 }),
  );
  if (taken === undefined) return;
  throw new CodeframeError({ code: 'already-exists', kind: 'checkpoint', id: name });
}

/** `silent`: its process is there, or may be, but its lease has run out. */
async function ownerNow(ports: ProjectPorts): Promise<'none' | 'silent' | 'live'> {
  const lease = await ports.store.read((tx) => tx.get('leases', 'runner'));
  if (lease === undefined || lease.ownerId === null) return 'none';
  if (livenessOf(ports.processes, lease) === 'dead') return 'none';
  return isExpired(lease, ports.clock.now()) ? 'silent' : 'live';
}

async function requestCheckpoint(
  ports: ProjectPorts,
  options: { readonly name?: string; readonly reason?: string },
): Promise<CheckpointRequestRow> {
  const row: CheckpointRequestRow = {
    id: ports.ids.next('checkpoint'),
    name: options.name ?? null,
    reason: options.reason ?? null,
    requestedBy: ports.actor,
    requestedAt: ports.clock.now(),
    requester: ports.processes.identity(),
    status: 'requested',
    checkpointId: null,
    heldMs: null,
    problem: null,
    endedAt: null,
  };
  await ports.store.write((tx) => tx.insert('checkpoint_requests', row));
  return row;
}

async function awaitCheckpoint(
  ports: ProjectPorts,
  asked: {
    readonly row: CheckpointRequestRow;
    readonly options: { readonly name?: string; readonly reason?: string };
  },
): Promise<CheckpointRow> {
  for (;;) {
    const version = await ports.store.version();
    const { request, made } = await ports.store.read(async (tx) => ({
      request: await tx.get('checkpoint_requests', asked.row.id),
      made: await tx.get('checkpoints', asked.row.id),
    }));
    if (made !== undefined) return made;
    if (request?.status === 'failed') {
      const problem = request.problem ?? 'the runner could not make it';
      throw new CodeframeError({ code: 'capture-failed', path: ports.projectDir, problem });
    }
    if ((await ownerNow(ports)) === 'live') await waitForChange(ports, { version, withinMs: 1000 });
    else if (await withdraw(ports, asked.row.id)) return checkpointProject(ports, asked.options);
  }
}

/** The runner went before it came to it: true when the request is now ours to carry out. */
function withdraw(ports: ProjectPorts, id: string): Promise<boolean> {
  const set = { status: 'failed', problem: 'the runner ended first', endedAt: ports.clock.now() } as const;
  return ports.store.write((tx) =>
    tx.update('checkpoint_requests', { key: [id], expect: { status: 'requested' }, set }),
  );
}

/**
 * The runner's side: makes the oldest checkpoint that was asked for, its agents held meanwhile. A failure is told to who
 * asked. One a time, so that a pause does not wait behind many. What nobody waits for any more is dropped. Answers
 * whether one was made.
 */
export async function serveCheckpoint(
  ports: ProjectPorts,
  runner: { readonly fence: Fence; readonly gate: StepGate },
): Promise<boolean> {
  const asked = await ports.store.read((tx) =>
    tx.list('checkpoint_requests', { where: { status: 'requested' }, orderBy: 'requestedAt' }),
  );
  const wanted = asked.find((request) => isAwaited(ports, request));
  for (const request of asked) {
    if (request === wanted || isAwaited(ports, request)) continue;
    const gone = { status: 'failed', checkpointId: null, problem: 'who asked for it is gone' } as const;
    await endRequest(ports, { ...runner, request, end: { ...gone, heldMs: null } });
  }
  if (wanted === undefined) return false;
  const end = await makeHeld(ports, { ...runner, request: wanted });
  ports.log.info({ request: wanted.id, ...end }, 'held the agents for a checkpoint');
  await endRequest(ports, { ...runner, request: wanted, end });
  return end.status === 'finished';
}

/** Not when the process that asked has died: nobody would hear of it. */
function isAwaited(ports: ProjectPorts, { requester }: CheckpointRequestRow): boolean {
  return requester === null || ports.processes.liveness(requester) !== 'dead';
}

type RequestEnd = Pick<CheckpointRequestRow, 'status' | 'checkpointId' | 'problem' | 'heldMs'>;

async function endRequest(
  ports: ProjectPorts,
  ending: { readonly fence: Fence; readonly request: CheckpointRequestRow; readonly end: RequestEnd },
): Promise<void> {
  const { fence, request, end } = ending;
  const set = { ...end, endedAt: ports.clock.now() };
  await ports.store.write(
    (tx) => tx.update('checkpoint_requests', { key: [request.id], expect: { status: 'requested' }, set }),
    { fence },
  );
}

async function makeHeld(
  ports: ProjectPorts,
  making: { readonly fence: Fence; readonly gate: StepGate; readonly request: CheckpointRequestRow },
): Promise<RequestEnd> {
  const { request, fence, gate } = making;
  try {
    const { row } = await createCheckpoint(ports, {
      id: request.id,
      trigger: 'manual',
      createdBy: request.requestedBy,
      fence,
      hold: holdAgents(ports, gate),
      ...(request.name === null ? {} : { name: request.name }),
      ...(request.reason === null ? {} : { reason: request.reason }),
    });
    return { status: 'finished', checkpointId: row.id, problem: null, heldMs: row.heldMs };
  } catch (error) {
    ports.log.error({ err: error, request: request.id }, 'the checkpoint failed');
    return { status: 'failed', checkpointId: null, problem: problemOf(error), heldMs: null };
  }
}
