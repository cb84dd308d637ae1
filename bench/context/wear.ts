import type { Disguise } from './disguise.ts';
import type { Judged } from './measure.ts';
import { readShown, type Shown } from './needs.ts';
import type { SessionItem } from './sessions.ts';

type Worn = Pick<Judged, 'items' | 'read' | 'readPart'>;

/** Dresses pauses, whole segments at a time, and reads what is dressed as the ruler would have read the recording. */
export function wearer(
  { dress, undress }: Disguise,
  count: Judged['count'],
): (pause: Judged & { readonly segment: readonly SessionItem[] }) => Worn {
  const worn = new Map<readonly SessionItem[], SessionItem[]>();
  const shown = new WeakMap<SessionItem, Shown>();
  return ({ segment, items, read: readRecorded }) => {
    const readPart = (text: string, index: number): Shown => {
      const recorded = segment[index] as SessionItem;
      return readShown(recorded.kind, undress?.(text, recorded) ?? text);
    };
    const dressed =
      worn.get(segment) ?? segment.map((item, index) => counted(item, dress(item, index), count));
    if (!worn.has(segment)) {
      worn.set(segment, dressed);
      segment.forEach((item, index) => {
        const other = dressed[index] as SessionItem;
        shown.set(other, other.text === item.text ? readRecorded(item) : readPart(other.text, index));
      });
    }
    const read = (item: SessionItem): Shown => shown.get(item) ?? readRecorded(item);
    return { items: dressed.slice(0, items.length), read, readPart };
  };
}

/** Counted anew as the recording counts. */
function counted(item: SessionItem, dressed: SessionItem, count: Judged['count']): SessionItem {
  if (dressed.text === item.text) return dressed;
  return { ...dressed, tokens: Math.max(1, item.tokens - count(item.text) + count(dressed.text)) };
}
