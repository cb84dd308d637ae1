import type { AgentRow } from '../agent/agent.ts';
import { hasFence, unheededBy } from '../agent/heeded-rules.ts';
import {
  standingAnswer,
  unconfirmedRules,
  withConfirmed,
  type ConfigPermissions,
  type Permission,
  type PermissionMemory,
  type RememberedPermissions,
  type UnconfirmedRule,
} from '../agent/permissions.ts';
import type { BlockerRow } from '../blocker/blocker.ts';
import { CodeframeError } from '../failure.ts';
import { nearest } from '../ids.ts';
import type { ProjectPorts } from './ports.ts';

/** A rule, or a command line that a person answered for good. */
export interface PermissionLine {
  readonly permission: Permission;
  readonly rule: string;
  /** `config`: `.codeframe/config.json`. `agent`: its settings. `answer`: a person's answer to a question. */
  readonly from: 'config' | 'agent' | 'answer';
  readonly agent: string | null;
  /** False for what the config or an agent's settings allow and nobody on this machine has confirmed. */
  readonly inEffect: boolean;
}

/** An agent that asks nobody before it runs a command. */
export interface UnheededRules {
  readonly agent: string;
  readonly driver: string;
  readonly why: string;
}

/** What agents may run without asking, and what they may never run. */
export interface PermissionHandle {
  list(): Promise<readonly PermissionLine[]>;
  /** What the config and the agents' settings allow and nobody on this machine has confirmed: it does not count. */
  unconfirmed(): Promise<readonly UnconfirmedRule[]>;
  /** The agents that what denies or asks does not reach, with the reason; none while nothing denies or asks. */
  unheeded(): Promise<readonly UnheededRules[]>;
  /** Confirms all of that; answers which rules it were. */
  confirm(): Promise<readonly UnconfirmedRule[]>;
  /** Forgets an answer, or that a rule was confirmed. Throws `unknown-id`. */
  remove(rule: string): void;
}

/** What a project's permissions are made of. */
export interface PermissionParts {
  readonly config: ConfigPermissions;
  readonly memory: PermissionMemory;
}

export function permissionHandle(
  ports: Pick<ProjectPorts, 'store'>,
  parts: PermissionParts,
): PermissionHandle {
  const { memory } = parts;
  return {
    async list() {
      const agents = await ports.store.read((tx) => tx.list('agents'));
      const { lines } = memory.read();
      return [
        ...ruleLines(parts, agents),
        ...lines.map(({ line, permission }) => lineOf({ permission, rule: line, from: 'answer' })),
      ];
    },
    unconfirmed: () => unconfirmed(ports, parts),
    async unheeded() {
      if (!hasFence(parts.config, memory.read())) return [];
      const agents = await ports.store.read((tx) => tx.list('agents'));
      return agents.flatMap(({ name, driver }) => {
        const why = unheededBy(driver);
        return why === null ? [] : [{ agent: name, driver, why }];
      });
    },
    async confirm() {
      const rules = await unconfirmed(ports, parts);
      if (rules.length > 0) memory.change((remembered) => withConfirmed(remembered, rules));
      return rules;
    },
    remove: (rule) => memory.change((remembered) => without(remembered, rule)),
  };
}

/** Keeps an answer that is meant for all later times, too. */
export function rememberAnswer(memory: PermissionMemory, { subject, answer, answeredAt }: BlockerRow): void {
  const permission = subject.kind === 'command' && answer !== null ? standingAnswer(answer) : null;
  if (permission === null || subject.kind !== 'command') return;
  const said = { line: subject.line, permission, at: answeredAt ?? 0 };
  memory.change((remembered) => ({
    ...remembered,
    lines: [...remembered.lines.filter(({ line }) => line !== said.line), said],
  }));
}

/** Who adds an agent here has confirmed what it may run. */
export function rememberAgent(memory: PermissionMemory, { name, settings }: AgentRow): void {
  const rules = (settings.allow ?? []).map((rule) => ({ agent: name, rule }));
  if (rules.length > 0) memory.change((remembered) => withConfirmed(remembered, rules));
}

/** What of the config and of the project's agents waits for a person of this machine. */
export async function unconfirmed(
  { store }: Pick<ProjectPorts, 'store'>,
  { config, memory }: PermissionParts,
): Promise<readonly UnconfirmedRule[]> {
  const agents = await store.read((tx) => tx.list('agents'));
  return unconfirmedRules(config, agents, memory.read());
}

function ruleLines(
  { config, memory }: PermissionParts,
  agents: readonly AgentRow[],
): readonly PermissionLine[] {
  const waiting = unconfirmedRules(config, agents, memory.read());
  const counts = (rule: string, agent: string | null): boolean =>
    !waiting.some((one) => one.rule === rule && one.agent === agent);
  const ofConfig = (['deny', 'ask', 'allow'] as const).flatMap((permission) =>
    (config[permission] ?? []).map((rule) => ({
      ...lineOf({ permission, rule, from: 'config' }),
      inEffect: permission !== 'allow' || counts(rule, null),
    })),
  );
  const ofAgents = agents.flatMap(({ name, settings }) =>
    (settings.allow ?? []).map((rule) => ({
      ...lineOf({ permission: 'allow', rule, from: 'agent' }),
      agent: name,
      inEffect: counts(rule, name),
    })),
  );
  return [...ofConfig, ...ofAgents];
}

function lineOf(line: Pick<PermissionLine, 'permission' | 'rule' | 'from'>): PermissionLine {
  return { ...line, agent: null, inEffect: true };
}

function without(remembered: RememberedPermissions, rule: string): RememberedPermissions {
  const { lines, confirmed, agents } = remembered;
  const left = {
    lines: lines.filter(({ line }) => line !== rule),
    confirmed: confirmed.filter((one) => one !== rule),
    agents: agents.filter((one) => one.rule !== rule),
  };
  const before = lines.length + confirmed.length + agents.length;
  if (left.lines.length + left.confirmed.length + left.agents.length < before) return left;
  const near = nearest(rule, [...lines.map(({ line }) => line), ...confirmed]);
  throw new CodeframeError({ code: 'unknown-id', kind: 'permission', id: rule, near });
}
