import type { WireMessage, WirePart } from './wire.ts';

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

/** Which turn is said, and how often it was begun before: a call that was cut is made again under another id. */
export interface NextTurn {
  /** Counts from 0. */
  readonly turn: number;
  readonly before: number;
}

/** The ids of the calls of a turn. They tell later what was done already. */
export function callIdOf({ turn, before }: NextTurn, call: number): string {
  return `rec_${turn + 1}_${call + 1}${before === 0 ? '' : `_${before + 1}`}`;
}

/**
 * Which turn comes next, decided from the history alone, so that it goes on rightly after a crash, a restore or a cut: the
 * one behind the last whose calls have results; what is only said, and was said, is passed over.
 */
export function nextTurn(turns: readonly RecordedTurn[], history: readonly WireMessage[]): NextTurn {
  const parts = history.flatMap(({ parts: some }) => some);
  const done = parts.filter((part) => part.kind === 'result' && !wasCut(part)).map(turnOf);
  let turn = Math.max(turnsWith(turns, parts), ...done);
  const said = parts.filter(({ kind }) => kind === 'message').map(({ text }) => text.trim());
  while (turn < turns.length && isSaid(turns[turn], said)) turn += 1;
  const begun = parts.filter((part) => part.kind === 'call' && turnOf(part) === turn + 1);
  return { turn, before: Math.ceil(begun.length / Math.max(1, callsIn(turns[turn]))) };
}

/** How many turns the results make of calls that have no ids (Gemini's): those are told by their number alone. */
function turnsWith(turns: readonly RecordedTurn[], parts: readonly WirePart[]): number {
  const isNumbered = ({ tool, callId }: WirePart): boolean => callId?.startsWith(`${tool}-`) === true;
  let results = parts.filter((part) => part.kind === 'result' && isNumbered(part) && !wasCut(part)).length;
  let done = 0;
  for (const [at, turn] of turns.entries()) {
    if (results <= 0) break;
    results -= callsIn(turn);
    if (callsIn(turn) > 0) done = at + 1;
  }
  return done;
}

function callsIn(turn: RecordedTurn | undefined): number {
  return (turn?.calls ?? []).length + (turn?.shell === undefined ? 0 : 1);
}

/** From 1; 0 for a call that no recording made. */
function turnOf({ callId }: WirePart): number {
  return Number(/^rec_(\d+)_\d+/.exec(callId ?? '')?.[1] ?? 0);
}

/** How agents answer a call that they could not finish. */
function wasCut({ text }: WirePart): boolean {
  return (
    text.length < 500 &&
    /\b(?:was interrupted|interrupted:|likely interrupted|^aborted|No result provided)/m.test(text)
  );
}

function isSaid(turn: RecordedTurn | undefined, said: readonly string[]): boolean {
  if (turn === undefined || callsIn(turn) > 0) return false;
  return said.includes((turn.text ?? '').trim());
}
