import { recordEvent, type EventPorts } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import { nearest } from '../ids.ts';
import type { Store } from '../store/store.ts';
import type { BlockerRow } from './blocker.ts';

/**
 * Answers an open question; its task goes on as soon as its agent is free. `id` may be the start of one. An answer stands
 * for good, so a blank one, most likely an unset variable, is refused: to the agent it would be a no.
 */
export function answerBlocker(
  ports: EventPorts & { readonly store: Store },
  given: {
    readonly id: string;
    readonly answer: string;
    /** Called before it is committed, and may be called twice: what it keeps is kept when the answer is. */
    readonly keep?: (answered: BlockerRow) => void;
  },
): Promise<BlockerRow> {
  if (given.answer.trim() === '') {
    const problem = 'an answer has to have words in it';
    return Promise.reject(new CodeframeError({ code: 'invalid-argument', argument: 'TEXT', problem }));
  }
  return ports.store.write(async (tx) => {
    const all = await tx.list('blockers');
    const exact = all.find(({ id }) => id === given.id);
    const matches =
      exact === undefined ? all.filter(({ id }) => given.id !== '' && id.startsWith(given.id)) : [exact];
    const [blocker] = matches;
    if (blocker === undefined) {
      const near = nearest(
        given.id,
        all.filter(({ status }) => status === 'open').map(({ id }) => id),
      );
      throw new CodeframeError({ code: 'unknown-id', kind: 'blocker', id: given.id, near });
    }
    if (matches.length > 1) {
      const ids = matches.map(({ id }) => id);
      throw new CodeframeError({ code: 'ambiguous-id', kind: 'blocker', id: given.id, matches: ids });
    }
    if (blocker.status !== 'open') {
      throw new CodeframeError({
        code: 'wrong-status',
        subject: `Blocker ${blocker.id}`,
        verb: 'be answered',
        status: blocker.status,
        next: 'codeframe blocker list',
      });
    }
    const set = { status: 'answered', answer: given.answer, answeredAt: ports.clock.now() } as const;
    await tx.update('blockers', { key: [blocker.id], expect: { status: 'open' }, set });
    await recordEvent(tx, ports, {
      type: 'blocker-answered',
      data: { blockerId: blocker.id, taskId: blocker.taskId, answer: given.answer },
    });
    const answered = { ...blocker, ...set };
    given.keep?.(answered);
    return answered;
  });
}
