import { expect, test } from 'vitest';

import { filesOf } from './files.ts';
import { admitItems, type FlashItem } from './flash-item.ts';

/** What the first call and its result are taken for. */
function deedsOf(...items: readonly Partial<FlashItem>[]): readonly string[] {
  const whole = items.map((item, step) => ({ id: `i${step}`, kind: 'call', step, text: '', ...item }));
  return filesOf(admitItems(whole)).deeds;
}

test.each([
  ['read', '{"filePath": "src/a.ts", "offset": 1}'],
  ['read', '{"command": "cat src/a.ts"}'],
  ['read', '{"command":["bash","-lc","sed -n 1,80p src/a.ts"]}'],
  ['edit', '{"path":"src/a.ts","old_str":"a","new_str":"b"}'],
  ['edit', '{"file_path":"src/a.ts","content":"all of it"}'],
  ['edit', '{"input":"*** Begin Patch\\n*** Update File: src/a.ts"}'],
  ['search', '{"pattern":"orchard","path":"src"}'],
  ['search', '{"command":"rg orchard src"}'],
  ['other', '{"command":"npm test -- --pattern x"}'],
  ['other', 'anything'],
])('a tool without a telling name is a %s by what it is given: %s', (deed, text) => {
  expect(deedsOf({ tool: 'tool_7', text, callId: '1' }, { kind: 'result', callId: '1' })).toEqual([
    deed,
    deed,
  ]);
});

test('the file is found where the call alone names it', () => {
  const call: FlashItem = {
    id: 'c',
    kind: 'call',
    step: 1,
    tool: 'read',
    path: '/home/x/src/a.ts',
    text: '{}',
  };
  const items = admitItems([call, { id: 'r', kind: 'result', step: 1, text: 'line' }]);
  expect(filesOf(items).keys).toEqual(['src/a.ts', 'src/a.ts']);
});

test('results without ids answer the calls before them in their order', () => {
  const deeds = deedsOf(
    { tool: 'read' },
    { tool: 'edit' },
    { kind: 'result', isError: true },
    { kind: 'result' },
    { tool: 'grep' },
    { kind: 'result' },
    { kind: 'result' },
  );
  expect(deeds).toEqual(['read', 'edit', 'read', 'edit', 'search', 'search', 'other']);
});

test('only the call whose result is an error has failed, also where ids come again or are missing', () => {
  const failedOf = (callId: string | undefined): readonly number[] => {
    const turn = (step: number, isError: boolean): FlashItem[] => [
      { id: `c${step}`, kind: 'call', tool: 'edit', callId, step, text: '{}' },
      { id: `r${step}`, kind: 'result', tool: 'edit', callId, step, text: '', isError },
    ];
    const items = [...turn(1, false), ...turn(2, true), ...turn(3, false)];
    return [...filesOf(admitItems(items)).failed];
  };
  expect(failedOf('call_0')).toEqual([2]);
  expect(failedOf(undefined)).toEqual([2]);
});

test.each([
  ['{"command":"cat > src/a.ts <<\'EOF\'\\nexport const a = 1;\\nEOF"}', 'edit'],
  ['{"cmd":"apply_patch <<\'EOF\'\\n*** Begin Patch\\n*** End Patch\\nEOF"}', 'edit'],
  ["{\"command\":\"python3 - <<'EOF'\\nopen('a.py', 'w').write(s)\\nEOF\"}", 'edit'],
  ['{"command":"python3 - <<\'EOF\'\\nprint(1)\\nEOF"}', 'other'],
  ['{"command":"git commit -m \\"$(cat <<\'EOF\'\\ncontext: it is short\\nEOF\\n)\\""}', 'other'],
])('a script that holds what it writes is an edit, and its answer is no file: %s', (text, deed) => {
  const call = { id: 'c', kind: 'call', tool: 'shell', callId: 'a', step: 1, text };
  const result = { id: 'r', kind: 'result', tool: 'shell', callId: 'a', step: 1, text: 'done' };
  expect(filesOf(admitItems([call, result])).deeds).toEqual([deed, 'other']);
});
