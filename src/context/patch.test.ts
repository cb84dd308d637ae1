import { expect, test } from 'vitest';

import { factsOf } from './facts.ts';
import { admitItems, type FlashItem } from './flash-item.ts';
import { readMemory } from './memory.ts';

const CODEX =
  '*** Begin Patch\n*** Update File: a.ts\n@@\n const kept = 1;\n-const gone = 2;\n+const came = 3;\n*** End Patch';
const UNIFIED =
  '--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n const kept = 1;\n-const gone = 2;\n+const came = 3;\n';
const BLOCKS =
  'const before = 0;\n<<<<<<< SEARCH\nconst gone = 2;\n=======\nconst kept = 1;\nconst came = 3;\n>>>>>>> REPLACE\n';

function call(tool: string, text: string): FlashItem {
  return { id: 'edit', kind: 'call', tool, step: 2, text };
}

/** What an edit says of lines: the last item that shows each, and the last edit that took it away. */
function linesAfter(edit: FlashItem): readonly (readonly [number, number])[] {
  const read: FlashItem = {
    id: 'read',
    kind: 'result',
    tool: 'read',
    step: 1,
    text: 'const kept = 1;\nconst gone = 2;\nconst came = 3;\n',
  };
  const facts = factsOf(
    readMemory(admitItems([read, edit, { id: 'end', kind: 'message', step: 3, text: 'ok' }])),
  );
  const { ids, starts } = facts.memory.lines;
  return [0, 1, 2].map((n) => {
    const line = ids[(starts[0] ?? 0) + n] ?? -1;
    return [facts.lines.shown[line] ?? -1, facts.lines.replaced[line] ?? -1] as const;
  });
}

test.each([
  ['a patch of Codex in JSON', call('apply_patch', JSON.stringify({ input: CODEX }))],
  ['a patch of Codex as it is', call('apply_patch', CODEX)],
  ['a patch in a script', call('shell', JSON.stringify({ command: `apply_patch <<'EOF'\n${CODEX}\nEOF` }))],
  ['a unified diff', call('patch', JSON.stringify({ patch: UNIFIED }))],
  [
    'blocks of Cline',
    call(
      'replace_in_file',
      JSON.stringify({
        path: 'a.ts',
        diff: BLOCKS.replaceAll('<<<<<<<', '-------').replaceAll('>>>>>>>', '+++++++'),
      }),
    ),
  ],
  ['blocks in the words of aider', { id: 'edit', kind: 'message', step: 2, text: BLOCKS }],
])('%s shows what stays and what comes, and takes away what goes', (_, edit) => {
  expect(linesAfter(edit)).toEqual([
    [1, -1],
    [0, 1],
    [1, -1],
  ]);
});
