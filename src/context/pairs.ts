import type { AdmittedItem } from './flash-item.ts';

/**
 * Per item the call that it answers, as a place in the list (of a call its own; -1: none). By the id that both carry: the nearest
 * call before it, for some agents count their calls anew in every turn. Without ids, results answer calls in their order.
 */
export function callsOf(items: readonly AdmittedItem[]): Int32Array {
  const answered = new Int32Array(items.length).fill(-1);
  const byId = new Map<string, number>();
  let nameless: number[] = [];
  let next = 0;
  items.forEach(({ kind, callId }, index) => {
    if (kind === 'call') {
      answered[index] = index;
      if (callId !== '') byId.set(callId, index);
      else if (next === nameless.length) [nameless, next] = [[index], 0];
      else nameless.push(index);
    }
    if (kind !== 'result') return;
    if (callId !== '') answered[index] = byId.get(callId) ?? -1;
    else if (next < nameless.length) {
      answered[index] = nameless[next] ?? -1;
      next += 1;
    }
  });
  return answered;
}
