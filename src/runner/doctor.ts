import { markerPrefix, markerScope } from '../agent/processes.ts';
import { adoptCheckpoints } from '../checkpoint/create-checkpoint.ts';
import { isFailure } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import type { Finding } from '../handle.ts';
import { problemOf } from '../problem-of.ts';
import type { ProjectPorts } from './ports.ts';
import { projectStatus } from './project-status.ts';

/** Looks at everything that a project stands on, and says what is wrong and what to do. Repairs rows that only a ref has. */
export async function examine(ports: ProjectPorts): Promise<readonly Finding[]> {
  const checks: readonly [string, () => Promise<readonly Finding[]>][] = [
    ['database', () => examineDatabase(ports)],
    ['store', () => examineStore(ports)],
    ['checkpoints', () => examineCheckpoints(ports)],
    ['restores', () => examineRestores(ports)],
    ['owner', () => examineOwner(ports)],
    ['agents', () => examineAgents(ports)],
  ];
  const findings: Finding[] = [];
  for (const [subject, check] of checks) {
    try {
      findings.push(...(await check()));
    } catch (error) {
      const hint = isFailure(error) ? failureWords(error.failure).hint : null;
      findings.push({ level: 'problem', subject, text: problemOf(error), hint });
    }
  }
  return findings;
}

async function examineDatabase(ports: ProjectPorts): Promise<readonly Finding[]> {
  const counts = await ports.store.read(async (tx) => ({
    events: await tx.count('events'),
    tasks: await tx.count('tasks'),
    items: await tx.count('context_items'),
  }));
  return [ok('database', `${counts.events} events, ${counts.tasks} tasks, ${counts.items} context items`)];
}

async function examineStore(ports: ProjectPorts): Promise<readonly Finding[]> {
  await ports.checkpoints.check();
  return [ok('store', 'the checkpoint store can be used')];
}

async function examineCheckpoints(ports: ProjectPorts): Promise<readonly Finding[]> {
  const adopted = await adoptCheckpoints(ports);
  const refs = new Set(await ports.checkpoints.ids());
  const rows = await ports.store.read((tx) => tx.list('checkpoints', { where: { reclaimedAt: null } }));
  const findings: Finding[] = adopted.map((id) => ({
    level: 'warning',
    subject: 'checkpoints',
    text: `${id} was complete but not in the list; it is now`,
    hint: null,
  }));
  for (const { id } of rows.filter((row) => !refs.has(row.id))) {
    findings.push(problem('checkpoints', `${id} is in the list but its content is gone`, null));
  }
  let whole = 0;
  for (const { id } of rows.filter((row) => refs.has(row.id))) {
    try {
      await ports.checkpoints.verify(id);
      whole += 1;
    } catch (error) {
      if (!isFailure(error)) throw error;
      findings.push(problem('checkpoints', problemOf(error), failureWords(error.failure).hint));
    }
  }
  return [...findings, ok('checkpoints', `${whole} of ${rows.length} verified, every object read`)];
}

async function examineRestores(ports: ProjectPorts): Promise<readonly Finding[]> {
  const open = await ports.writer.open();
  if (open.length === 0) return [ok('restores', 'no restore is unfinished')];
  const hint = 'The next codeframe start, resume, pause or restore finishes it or rolls it back.';
  return open.map((id) => ({ level: 'warning', subject: 'restores', text: `${id} did not end`, hint }));
}

async function examineOwner(ports: ProjectPorts): Promise<readonly Finding[]> {
  const { owner, status, next } = await projectStatus(ports);
  const processes = await ports.processes.marked(markerPrefix(markerScope(ports.project)));
  if (owner !== null)
    return [ok('owner', `${status}, owned by ${owner.command ?? '?'} (pid ${owner.pid ?? '?'})`)];
  const findings = processes.map(({ pid, command }) =>
    problem(
      'owner',
      `process ${pid} of an agent runs without an owner: ${command}`,
      `Run ${next} or codeframe stop.`,
    ),
  );
  if (status === 'interrupted') {
    return [...findings, problem('owner', 'the runner ended without a word', `Run ${next}.`)];
  }
  return [...findings, ok('owner', `${status}, nobody owns it`)];
}

async function examineAgents(ports: ProjectPorts): Promise<readonly Finding[]> {
  const agents = await ports.store.read((tx) => tx.list('agents'));
  const findings: Finding[] = [];
  for (const agent of agents) {
    try {
      await ports.drivers.get(agent.driver)?.check(agent);
      findings.push(ok(`agent ${agent.name}`, `its driver ${agent.driver} can run it`));
    } catch (error) {
      if (!isFailure(error)) throw error;
      findings.push(problem(`agent ${agent.name}`, problemOf(error), failureWords(error.failure).hint));
    }
  }
  return findings;
}

function ok(subject: string, text: string): Finding {
  return { level: 'ok', subject, text, hint: null };
}

function problem(subject: string, text: string, hint: string | null): Finding {
  return { level: 'problem', subject, text, hint };
}
