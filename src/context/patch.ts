import type { AdmittedItem } from './flash-item.ts';
import type { LineSource } from './lines.ts';
import type { Role, Stretch } from './stretches.ts';

/** How a text tells the lines that a file loses from those that it gets: by their first sign, by blocks, or not at all. */
export type Patch = 'signs' | 'blocks' | 'none';

/** The numbers of the roles, as lines have them. */
export const ROLES: Readonly<Record<Role, number>> = { text: 0, old: 1, new: 2 };

/** Which kind of patch a stretch of an item's text is. */
export function patchOf(
  { kind, text }: Pick<AdmittedItem, 'kind' | 'text'>,
  { from, to, role }: Stretch,
): Patch {
  if (kind === 'result' || role === 'old' || to - from < SHORTEST_PATCH) return 'none';
  const last = text.lastIndexOf(BLOCK_END, to);
  if (last >= from) return 'blocks';
  if (kind !== 'call') return 'none';
  return SIGNED.test(text.slice(from, Math.min(to, from + HEAD))) ? 'signs' : 'none';
}

/** As Cline and aider end a block. */
const BLOCK_END = ' REPLACE';
const SHORTEST_PATCH = 20;
const HEAD = 600;
/** Codex's own, and the unified ones: there a line that begins a hunk says where. */
const SIGNED = /\*\*\* Begin Patch|(?:^|\\n|\n)(?:@@ -\d|--- \S[^\n]*?(?:\n|\\n)\+\+\+ )/;

/** What each line of a range is to the file, asked in their order. */
export function roleReader({ units, role, patch }: LineSource): (at: number) => number {
  if (patch === 'none') return () => role;
  if (patch === 'signs') return (at) => (units[at] === MINUS ? ROLES.old : ROLES.new);
  let within = ROLES.text;
  return (at) => {
    const sign = units[at];
    if (sign !== units[at + 1] || sign !== units[at + 6]) return within;
    if (within === ROLES.text && (sign === LESS || sign === MINUS)) within = ROLES.old;
    else if (within === ROLES.old && sign === EQUALS) within = ROLES.new;
    else if (within === ROLES.new && (sign === GREATER || sign === PLUS)) within = ROLES.text;
    return within;
  };
}

const PLUS = 43;
const MINUS = 45;
const LESS = 60;
const EQUALS = 61;
const GREATER = 62;
