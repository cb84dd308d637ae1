import type { AskSubject } from '../agent/session.ts';

/** A question that only a person can answer; its task waits. */
export interface BlockerRow {
  readonly id: string;
  readonly taskId: number;
  readonly agent: string;
  readonly subject: AskSubject;
  readonly question: string;
  readonly status: 'open' | 'answered' | 'dropped';
  readonly answer: string | null;
  readonly createdAt: number;
  readonly answeredAt: number | null;
}
