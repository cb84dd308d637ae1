import { expect, test } from 'vitest';

import { factsOf } from './facts.ts';
import { admitItems, type FlashItem } from './flash-item.ts';
import { readMemory } from './memory.ts';

const line = 'export const orchardSize = 12;';

/** A file is read, then an edit writes one of its lines. */
function editing(isError: boolean): FlashItem[] {
  const edit = { old_string: 'let nothing = here;', new_string: line };
  return [
    { id: 'read', kind: 'result', tool: 'Read', callId: '1', path: 'a.ts', step: 1, text: line },
    { id: 'edit', kind: 'call', tool: 'Edit', callId: '2', step: 2, text: JSON.stringify(edit) },
    { id: 'done', kind: 'result', tool: 'Edit', callId: '2', step: 2, text: 'ok', isError },
    { id: 'end', kind: 'assistant', step: 3, text: 'done' },
  ];
}

test.each([
  [false, 1],
  [true, 0],
])('an edit shows what it wrote as the file’s content unless it failed (%s)', (isError, item) => {
  const facts = factsOf(readMemory(admitItems(editing(isError))));
  expect(facts.lines.shown[facts.memory.lines.ids[0] ?? -1]).toBe(item);
});
