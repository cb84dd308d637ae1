import { isFailure } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import type { Finding } from '../handle.ts';
import { problemOf } from '../problem-of.ts';
import { ok, problem, warning, type Examining } from './examination.ts';
import { examineCheckpoints, examineLeftovers } from './examine-checkpoints.ts';
import { examineOwner, examineRestores } from './examine-owner.ts';
import { examineWorktrees } from './examine-worktrees.ts';
import { unconfirmed } from './permission-handle.ts';

/**
 * Looks at everything that a project stands on, and says what is wrong and what to do. With `repair` it puts right what
 * can be, takes nothing of the user's away, and tells each repair as an event; without it, it changes nothing.
 */
export async function examine(examining: Examining): Promise<readonly Finding[]> {
  const checks: readonly (readonly [string, (examining: Examining) => Promise<readonly Finding[]>])[] = [
    ['database', examineDatabase],
    ['store', examineStore],
    ['checkpoints', examineCheckpoints],
    ['store', examineLeftovers],
    ['restores', examineRestores],
    ['owner', examineOwner],
    ['agents', examineAgents],
    ['permissions', examinePermissions],
    ['worktrees', examineWorktrees],
  ];
  const findings: Finding[] = [];
  for (const [subject, check] of checks) {
    try {
      findings.push(...(await check(examining)));
    } catch (error) {
      const hint = isFailure(error) ? failureWords(error.failure).hint : null;
      const text = problemOf(error);
      // What keeps one check from working keeps others, too: once is enough.
      if (findings.every((finding) => finding.text !== text)) findings.push(problem(subject, text, hint));
    }
  }
  return findings;
}

async function examineDatabase({ ports, upkeep }: Examining): Promise<readonly Finding[]> {
  const damage = await upkeep.checkDatabase();
  const counts = await ports.store.read(async (tx) => {
    const [last] = await tx.list('events', { orderBy: 'seq', descending: true, limit: 1 });
    return {
      events: await tx.count('events'),
      lastSeq: last?.seq ?? 0,
      tasks: await tx.count('tasks'),
      items: await tx.count('context_items'),
    };
  });
  const findings = damage.map((line) => problem('database', `SQLite finds: ${line}`, rebuildHint));
  if (counts.lastSeq !== counts.events) {
    findings.push(
      problem('database', `the log has ${counts.events} events, and the last is ${counts.lastSeq}`, null),
    );
  }
  if (findings.length > 0) return findings;
  return [ok('database', `${counts.events} events, ${counts.tasks} tasks, ${counts.items} context items`)];
}

const rebuildHint =
  'Run `codeframe checkpoint create` while it can be read, then `codeframe doctor --repair`: it makes the rows anew from it, and keeps the damaged file.';

async function examineStore({ ports }: Examining): Promise<readonly Finding[]> {
  await ports.checkpoints.check();
  return [ok('store', 'the checkpoint store can be used')];
}

async function examineAgents({ ports }: Examining): Promise<readonly Finding[]> {
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

/** A repository may bring a config that nobody here has read, and an import agents that nobody here has added. */
async function examinePermissions({ ports, permissions }: Examining): Promise<readonly Finding[]> {
  const rules = await unconfirmed(ports, permissions);
  if (rules.length === 0) return [];
  const named = rules.map(({ rule, agent }) => (agent === null ? rule : `${rule} (agent ${agent})`));
  const text = `the config or an agent allows what nobody has confirmed on this machine, so agents ask all the same: ${named.join(', ')}`;
  return [warning('permissions', text, 'To confirm: codeframe permission confirm')];
}
