import type { AgentRow } from './agent.ts';
import { mayRun, names } from './run-rules.ts';

/** What becomes of a command line that an agent wants to run. */
export type Permission = 'allow' | 'ask' | 'deny';

/** The rules that hold for one agent; see `run-rules.ts` for how they are written. */
export interface PermissionRules {
  readonly allow: readonly string[];
  readonly ask: readonly string[];
  readonly deny: readonly string[];
  /** Whole command lines about which a person has answered for good. */
  readonly lines: readonly RememberedLine[];
}

/** As the config says them. */
export interface ConfigPermissions {
  readonly allow: readonly string[];
  readonly ask?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

interface RememberedLine {
  /** Without secrets. */
  readonly line: string;
  readonly permission: 'allow' | 'deny';
  readonly at: number;
}

/**
 * What the people of this machine have said for good. It is no part of a checkpoint: it neither goes back with a restore
 * nor travels with a project.
 */
export interface RememberedPermissions {
  readonly lines: readonly RememberedLine[];
  /** Rules of the config that allow something and were confirmed: a repository may bring a config that nobody here has read. */
  readonly confirmed: readonly string[];
  /** Rules of agents that allow something and were given or confirmed here: an agent may come with an imported project. */
  readonly agents: readonly AgentRule[];
}

interface AgentRule {
  readonly agent: string;
  readonly rule: string;
}

/** A rule that allows something and that nobody on this machine has confirmed; `agent`: null for one of the config. */
export interface UnconfirmedRule {
  readonly agent: string | null;
  readonly rule: string;
}

/** Where that is kept. */
export interface PermissionMemory {
  /** As it is now, whoever wrote it; nothing when nothing was written yet. Throws `corrupt-config`. */
  read(): RememberedPermissions;
  /**
   * Changes it; on disk when it returns. `change` gets what is there and is called again when another process has written
   * meanwhile, so that neither loses what the other wrote. Throws `corrupt-config`.
   */
  change(change: (remembered: RememberedPermissions) => RememberedPermissions): void;
}

/** The rules for an agent; what the config or its own settings allow counts as far as it was confirmed. Pure. */
export function rulesFor(of: {
  readonly config: ConfigPermissions;
  readonly remembered: RememberedPermissions;
  readonly agent: Pick<AgentRow, 'name' | 'settings'>;
  /** Allowed in this run alone. */
  readonly run: readonly string[];
}): PermissionRules {
  const { config, remembered, agent, run } = of;
  const confirmed = config.allow.filter((rule) => remembered.confirmed.includes(rule));
  const own = (agent.settings.allow ?? []).filter((rule) => isConfirmed(remembered, agent.name, rule));
  return {
    allow: [...confirmed, ...own, ...run],
    ask: config.ask ?? [],
    deny: config.deny ?? [],
    lines: remembered.lines,
  };
}

/**
 * A rule that denies wins over everything, then what a person said of this very line, then a rule that asks, then one that
 * allows. What no rule names is asked. `line`: without secrets, as those of `rules` are. Pure.
 */
export function permissionFor(rules: PermissionRules, line: string): Permission {
  if (names(rules.deny, line)) return 'deny';
  const said = rules.lines.findLast((known) => known.line.trim() === line.trim());
  if (said !== undefined) return said.permission;
  if (names(rules.ask, line)) return 'ask';
  return mayRun(rules.allow, line) ? 'allow' : 'ask';
}

/** Whether nothing has to be asked and nothing is denied, so that an agent need not ask at all. */
export function allowsAll({ allow, ask, deny, lines }: PermissionRules): boolean {
  const isFenced = ask.length > 0 || deny.length > 0 || lines.some(({ permission }) => permission === 'deny');
  return !isFenced && allow.some((rule) => rule.trim() === '**');
}

/** What of the config and of the agents allows something and was not confirmed on this machine. Pure. */
export function unconfirmedRules(
  config: ConfigPermissions,
  agents: readonly Pick<AgentRow, 'name' | 'settings'>[],
  remembered: RememberedPermissions,
): readonly UnconfirmedRule[] {
  const ofConfig = [...new Set(config.allow)].filter((rule) => !remembered.confirmed.includes(rule));
  const ofAgents = agents.flatMap(({ name, settings }) =>
    [...new Set(settings.allow ?? [])]
      .filter((rule) => !isConfirmed(remembered, name, rule))
      .map((rule) => ({ agent: name, rule })),
  );
  return [...ofConfig.map((rule) => ({ agent: null, rule })), ...ofAgents];
}

/** With more rules confirmed. Pure. */
export function withConfirmed(
  remembered: RememberedPermissions,
  rules: readonly UnconfirmedRule[],
): RememberedPermissions {
  const ofConfig = rules.filter(({ agent }) => agent === null).map(({ rule }) => rule);
  const ofAgents = rules.flatMap(({ agent, rule }) =>
    agent === null || isConfirmed(remembered, agent, rule) ? [] : [{ agent, rule }],
  );
  return {
    ...remembered,
    confirmed: [...new Set([...remembered.confirmed, ...ofConfig])],
    agents: [...remembered.agents, ...ofAgents],
  };
}

function isConfirmed({ agents }: RememberedPermissions, agent: string, rule: string): boolean {
  return agents.some((known) => known.agent === agent && known.rule === rule);
}

/** Whether a person's answer to "may it run this?" is a yes. */
export function isYes(answer: string): boolean {
  return /^\s*(y|yes|yep|ok|okay|allow|allowed|always|sure|true)\b/iu.test(answer);
}

/** What the answer means for all later times; null when it was about this time. */
export function standingAnswer(answer: string): 'allow' | 'deny' | null {
  if (/^\s*always\b/iu.test(answer)) return 'allow';
  return /^\s*never\b/iu.test(answer) ? 'deny' : null;
}
