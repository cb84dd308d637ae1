import type { WireMessage } from './wire.ts';

/** A turn of a recording for agents that others wrote: its commands are run by whatever tool the agent has for it. */
export interface RecordedTurn {
  readonly text?: string | undefined;
  readonly calls?:
    | readonly { readonly tool: string; readonly input: Readonly<Record<string, unknown>> }[]
    | undefined;
  /** A command line. */
  readonly shell?: string | undefined;
  readonly delayMs?: number | undefined;
}

/** The ids of the calls of a turn; `turn` counts from 0. They tell later what was done already. */
export function callIdOf(turn: number, call: number): string {
  return `rec_${turn + 1}_${call + 1}`;
}

/**
 * Which turn comes next, decided from the history alone, so that it goes on rightly after a crash, a restore or a cut: the
 * one behind the last whose calls have results; what is only said, and was said, is passed over.
 */
export function nextTurn(turns: readonly RecordedTurn[], history: readonly WireMessage[]): number {
  const parts = history.flatMap(({ parts: some }) => some);
  const answered = parts.flatMap(({ kind, callId }) => {
    const turn = kind === 'result' ? /^rec_(\d+)_\d+/.exec(callId ?? '')?.[1] : undefined;
    return turn === undefined ? [] : [Number(turn)];
  });
  let next = Math.max(0, ...answered);
  const said = parts.filter(({ kind }) => kind === 'message').map(({ text }) => text.trim());
  while (next < turns.length && isSaid(turns[next], said)) next += 1;
  return next;
}

function isSaid(turn: RecordedTurn | undefined, said: readonly string[]): boolean {
  if (turn === undefined || turn.shell !== undefined || (turn.calls ?? []).length > 0) return false;
  return said.includes((turn.text ?? '').trim());
}
