import { field, list, text, type Json } from './json.ts';
import type { Slot, WirePart } from './wire.ts';

/**
 * The text of a content that is a string or a list of blocks, and where another text goes. One block is replaced inside;
 * several become one string, unless one of them is no text or marks a place in the provider's cache.
 */
export function textsOf(content: Json, path: Slot['path']): Pick<WirePart, 'text' | 'slot'> {
  if (typeof content === 'string') return { text: content, slot: { path, as: 'text' } };
  const blocks = list(content);
  const texts = blocks.map((block) => text(field(block, 'text')));
  const said = texts.filter((one) => one !== null).join('\n');
  if (texts.some((one) => one === null) || texts.length === 0) return { text: said, slot: null };
  if (texts.length === 1) return { text: said, slot: { path: [...path, 0, 'text'], as: 'text' } };
  const isMarked = blocks.some((block) => field(block, 'cache_control') !== undefined);
  return { text: said, slot: isMarked ? null : { path, as: 'text' } };
}
