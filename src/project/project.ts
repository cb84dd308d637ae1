import type { ProjectState, ProjectStatus } from './lifecycle.ts';

/** The project's only row. It does not go back with a restore: what the project is doing is a fact, not content. */
export interface ProjectRow {
  readonly id: string;
  readonly name: string;
  /** Always `state.kind`; a column of its own so that a change can be compared and set. */
  readonly status: ProjectStatus;
  readonly state: ProjectState;
  readonly createdAt: number;
}
