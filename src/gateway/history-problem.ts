import type { WireMessage, WirePart } from './wire.ts';

/**
 * What a strict provider would refuse in a history, or null: every call is answered once, after it, and every result has
 * a call before it. `isPartial`: the beginning lives at the provider, so that a result may answer a call from there.
 */
export function historyProblem(messages: readonly WireMessage[], isPartial = false): string | null {
  const open = new Map<string, string>();
  const answered = new Set<string>();
  for (const part of messages.flatMap(({ parts }) => parts)) {
    const problem =
      part.kind === 'call' ? callProblem(part, open) : resultProblem(part, { open, answered, isPartial });
    if (problem !== null) return problem;
  }
  const [left] = open;
  return left === undefined ? null : `the call ${left[0]} of ${left[1]} has no result`;
}

function callProblem(part: WirePart, open: Map<string, string>): string | null {
  const id = part.callId ?? '';
  if (open.has(id)) return `the call ${id} is there twice without a result between`;
  open.set(id, part.tool ?? 'a tool');
  return null;
}

function resultProblem(
  part: WirePart,
  seen: { readonly open: Map<string, string>; readonly answered: Set<string>; readonly isPartial: boolean },
): string | null {
  if (part.kind !== 'result') return null;
  const id = part.callId ?? '';
  if (seen.open.delete(id)) {
    seen.answered.add(id);
    return null;
  }
  if (seen.answered.has(id)) return `the call ${id} has two results`;
  return seen.isPartial ? null : `a result of ${id}, which no call before it asked for`;
}
