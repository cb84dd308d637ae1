import type { TableName, Tables } from '../store/tables.ts';

/** The columns that hold what people, agents, programs and providers wrote: texts, and JSON with texts in it. */
type ContentColumns = { readonly [Name in TableName]: readonly (keyof Tables[Name] & string)[] };

/**
 * Everything else is a number, an id, a name from a list or a hash, in which nothing can hide.
 * An agent's settings are not here: they are needed as they are, so what holds a secret is refused (`addAgent`). Nor is
 * an item's `meta`, which a provider wants back as it gave it (`remembered-item.ts`).
 */
export const contentColumns: ContentColumns = {
  project: ['name', 'state'],
  leases: ['command'],
  agents: ['role', 'lastStop'],
  homes: [],
  worktrees: [],
  tasks: ['title', 'details', 'state'],
  blockers: ['subject', 'question', 'answer'],
  steps: ['name', 'intent', 'outcome', 'lateOutcome'],
  context_items: ['tool', 'path', 'input', 'text', 'promptText'],
  archives: [],
  costs: ['model'],
  model_factors: [],
  pauses: ['reason', 'requestedBy', 'draft', 'result', 'problem'],
  checkpoints: ['name', 'reason', 'createdBy'],
  checkpoint_requests: ['name', 'reason', 'requestedBy', 'problem'],
  restores: ['requestedBy', 'problem', 'figures'],
  counters: [],
  events: ['actor', 'data'],
};

/**
 * Of these, those that a change makes of what the row holds: an item's prompt text is its own text, which was cleaned when it was
 * inserted, and stubs of it. To look through it again at each flash save would take longer than the save.
 */
export const derivedColumns: Partial<ContentColumns> = { context_items: ['promptText'] };
