import type { Finding } from '../handle.ts';
import { recordEvent } from '../event/record-event.ts';
import type { PermissionParts } from './permission-handle.ts';
import type { ProjectPorts } from './ports.ts';
import type { Upkeep } from './upkeep.ts';

/** What an examination works with. */
export interface Examining {
  readonly ports: ProjectPorts;
  readonly upkeep: Pick<Upkeep, 'checkDatabase' | 'leftovers' | 'removeLeftovers' | 'keptIds'>;
  readonly permissions: PermissionParts;
  /** False: nothing is changed. */
  readonly repair: boolean;
}

/** How a repair is asked for. */
export const repairHint = 'Run `codeframe doctor --repair`.';

export function ok(subject: string, text: string): Finding {
  return { level: 'ok', subject, text, hint: null };
}

export function warning(subject: string, text: string, hint: string | null): Finding {
  return { level: 'warning', subject, text, hint };
}

export function problem(subject: string, text: string, hint: string | null): Finding {
  return { level: 'problem', subject, text, hint };
}

/** Tells of something that was put right, and writes it down. */
export async function repaired(ports: ProjectPorts, subject: string, what: string): Promise<Finding> {
  await ports.store.write((tx) => recordEvent(tx, ports, { type: 'repaired', data: { subject, what } }));
  return { level: 'repaired', subject, text: what, hint: null };
}
