import {
  standingAnswer,
  unconfirmedRules,
  type ConfigPermissions,
  type Permission,
  type PermissionMemory,
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
  /** False for what the config allows and nobody on this machine has confirmed. */
  readonly inEffect: boolean;
}

/** What agents may run without asking, and what they may never run. */
export interface PermissionHandle {
  list(): Promise<readonly PermissionLine[]>;
  /** What the config allows and nobody on this machine has confirmed: it does not count. */
  unconfirmed(): readonly string[];
  /** Confirms all of that; answers which rules it were. */
  confirm(): readonly string[];
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
  const { config, memory } = parts;
  return {
    list: async () => [
      ...configLines(parts),
      ...(await agentLines(ports)),
      ...memory
        .read()
        .lines.map(({ line, permission }) => lineOf({ permission, rule: line, from: 'answer' })),
    ],
    unconfirmed: () => unconfirmedRules(config, memory.read()),
    confirm() {
      const remembered = memory.read();
      const rules = unconfirmedRules(config, remembered);
      if (rules.length > 0) memory.write({ ...remembered, confirmed: [...remembered.confirmed, ...rules] });
      return rules;
    },
    remove: (rule) => remove(memory, rule),
  };
}

/** Keeps an answer that is meant for all later times, too. */
export function rememberAnswer(memory: PermissionMemory, { subject, answer, answeredAt }: BlockerRow): void {
  const permission = subject.kind === 'command' && answer !== null ? standingAnswer(answer) : null;
  if (permission === null || subject.kind !== 'command') return;
  const remembered = memory.read();
  const others = remembered.lines.filter(({ line }) => line !== subject.line);
  memory.write({
    ...remembered,
    lines: [...others, { line: subject.line, permission, at: answeredAt ?? 0 }],
  });
}

function configLines({ config, memory }: PermissionParts): readonly PermissionLine[] {
  const waiting = unconfirmedRules(config, memory.read());
  return (['deny', 'ask', 'allow'] as const).flatMap((permission) =>
    (config[permission] ?? []).map((rule) => ({
      ...lineOf({ permission, rule, from: 'config' }),
      inEffect: permission !== 'allow' || !waiting.includes(rule),
    })),
  );
}

async function agentLines({ store }: Pick<ProjectPorts, 'store'>): Promise<readonly PermissionLine[]> {
  const agents = await store.read((tx) => tx.list('agents'));
  return agents.flatMap(({ name, settings }) =>
    (settings.allow ?? []).map((rule) => ({
      ...lineOf({ permission: 'allow', rule, from: 'agent' }),
      agent: name,
    })),
  );
}

function lineOf(line: Pick<PermissionLine, 'permission' | 'rule' | 'from'>): PermissionLine {
  return { ...line, agent: null, inEffect: true };
}

function remove(memory: PermissionMemory, rule: string): void {
  const { lines, confirmed } = memory.read();
  const left = {
    lines: lines.filter(({ line }) => line !== rule),
    confirmed: confirmed.filter((one) => one !== rule),
  };
  if (left.lines.length === lines.length && left.confirmed.length === confirmed.length) {
    const near = nearest(rule, [...lines.map(({ line }) => line), ...confirmed]);
    throw new CodeframeError({ code: 'unknown-id', kind: 'permission', id: rule, near });
  }
  memory.write(left);
}
