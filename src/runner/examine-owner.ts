import { markerPrefix, markerScope } from '../agent/processes.ts';
import type { Finding } from '../handle.ts';
import { readProject } from '../project/change-project.ts';
import { needsOwner } from '../project/lifecycle.ts';
import { ok, problem, repaired, repairHint, warning, type Examining } from './examination.ts';
import { asOwner } from './lease.ts';
import { projectStatus } from './project-status.ts';
import { recover } from './recover.ts';

/** The journals of restores that did not end. */
export async function examineRestores({ ports, repair }: Examining): Promise<readonly Finding[]> {
  const open = await ports.writer.open();
  if (open.length === 0) return [ok('restores', 'no restore is unfinished')];
  const { owner } = await projectStatus(ports);
  if (owner !== null) return [ok('restores', `${open.join(', ')} is under way`)];
  if (!repair) {
    const hint = `The next codeframe start, resume, pause or restore finishes it or rolls it back. ${repairHint}`;
    return open.map((id) => warning('restores', `${id} did not end`, hint));
  }
  await asOwner(ports, 'doctor', (held) => recover(ports, held));
  const rows = await ports.store.read((tx) => tx.list('restores'));
  return Promise.all(
    open.map((id) => {
      const how = rows.find((row) => row.id === id)?.status === 'finished' ? 'finished' : 'rolled back';
      return repaired(ports, 'restores', `${id} did not end; it was ${how}`);
    }),
  );
}

/** Whether a living process stands behind what the project says it does. */
export async function examineOwner({ ports, repair }: Examining): Promise<readonly Finding[]> {
  const { owner, status, next } = await projectStatus(ports);
  if (owner !== null)
    return [ok('owner', `${status}, owned by ${owner.command ?? '?'} (pid ${owner.pid ?? '?'})`)];
  const strays = await ports.processes.marked(markerPrefix(markerScope(ports.project)));
  const written = await ports.store.read(async (tx) => ({
    state: (await readProject(tx, ports.project.id)).state,
    lease: await tx.get('leases', 'runner'),
  }));
  const isStale = needsOwner(written.state) || (written.lease?.ownerId ?? null) !== null;
  if (repair && (isStale || strays.length > 0))
    return [await recoverOwner({ ports, was: written.state.kind })];
  const findings = strays.map(({ pid, command }) =>
    problem(
      'owner',
      `process ${pid} of an agent runs without an owner: ${command}`,
      `Run ${next} or codeframe stop.`,
    ),
  );
  if (needsOwner(written.state)) {
    return [...findings, problem('owner', 'the runner ended without a word', `Run ${next}. ${repairHint}`)];
  }
  return [...findings, ok('owner', `${status}, nobody owns it`)];
}

async function recoverOwner({
  ports,
  was,
}: {
  readonly ports: Examining['ports'];
  readonly was: string;
}): Promise<Finding> {
  const recovered = await asOwner(ports, 'doctor', (held) => recover(ports, held));
  if (recovered === 'owned') return warning('owner', 'another process has taken the project meanwhile', null);
  const { status } = await projectStatus(ports);
  const { killedProcesses, interruptedSteps } = recovered;
  const figures = `${interruptedSteps.length} steps marked as interrupted, ${killedProcesses} processes ended`;
  return repaired(
    ports,
    'owner',
    `it said ${was} and nobody stood behind it; it is ${status} now (${figures})`,
  );
}
