import { recordEvent } from '../event/record-event.ts';
import { changeProject, readProject } from '../project/change-project.ts';
import { isTakeable } from '../project/lease.ts';
import { asOwner, livenessOf, type HeldLease } from './lease.ts';
import type { ProjectPorts } from './ports.ts';
import { recover } from './recover.ts';
import { waitForChange } from './wait-for-change.ts';

/** Ends the agents' work without a pause, from any process. Throws `wrong-status` when nothing is running. */
export async function stopProject(
  ports: ProjectPorts,
  options: { readonly graceMs?: number },
): Promise<void> {
  const { store, clock, project } = ports;
  const graceMs = options.graceMs ?? ports.graceMs;
  await store.write(async (tx) => {
    const { state } = await readProject(tx, project.id);
    if (state.kind === 'interrupted') return;
    if (state.kind === 'stopping' && state.graceMs <= graceMs) return;
    const change = { kind: 'stop-requested', at: clock.now(), graceMs } as const;
    await changeProject(tx, project.id, { change, verb: 'stop' });
  });
  for (;;) {
    const version = await store.version();
    const { state, lease } = await store.read(async (tx) => ({
      state: (await readProject(tx, project.id)).state,
      lease: await tx.get('leases', 'runner'),
    }));
    if (state.kind !== 'stopping' && state.kind !== 'interrupted') return;
    const free = lease === undefined || isTakeable(lease, livenessOf(ports.processes, lease), clock.now());
    if (free) await asOwner(ports, 'stop', (held) => stopAsOwner(ports, held));
    else await waitForChange(ports, { version, withinMs: 1000 });
  }
}

/** The runner is gone: what it left is put right, and the project is stopped. */
async function stopAsOwner(ports: ProjectPorts, held: HeldLease): Promise<void> {
  await recover(ports, held);
  await ports.store.write(
    async (tx) => {
      const { state } = await readProject(tx, ports.project.id);
      if (state.kind !== 'interrupted') return;
      const change = { kind: 'stopped', at: ports.clock.now(), why: 'asked' } as const;
      await changeProject(tx, ports.project.id, { change, verb: 'stop' });
      await recordEvent(tx, ports, { type: 'project-stopped', data: { why: 'asked' } });
    },
    { fence: held.fence },
  );
}
