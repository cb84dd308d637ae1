import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../adapters/store-memory/memory-store.ts';
import { item } from '../../test/conformance/store-rows.ts';
import { tables, tableNames } from '../store/tables.ts';
import type { TaskRow } from '../task/task.ts';
import { redactingStore } from './redacting-store.ts';
import { ProjectSecrets } from './secrets.ts';
import { contentColumns } from './stored-content.ts';

const token = `gh${'p'}_${'a1B2'.repeat(9)}`;

const task: TaskRow = {
  id: 1,
  title: `use ${token}`,
  details: '',
  agent: null,
  after: [],
  status: 'done',
  state: { kind: 'done', agent: 'ada', at: 1, summary: `used ${token}` },
  attempts: 1,
  createdAt: 1,
} as TaskRow;

function open() {
  const none = { anchors: [], find: () => [] };
  const secrets = new ProjectSecrets({
    key: () => Buffer.from('k'),
    known: () => [],
    loadRules: async () => none,
  });
  const inner = openMemoryStore();
  return { inner, store: redactingStore(inner, secrets) };
}

const all = (store: ReturnType<typeof open>['inner']): Promise<string> =>
  store.read(async (tx) => JSON.stringify(await Promise.all(tableNames.map((name) => tx.list(name)))));

describe('a store that redacts', () => {
  it('lets no secret in by a row, a change or an event', async () => {
    const { inner, store } = open();
    await store.write(async (tx) => {
      await tx.insert('tasks', task);
      await tx.update('tasks', { key: [1], set: { details: `see ${token}` } });
      await tx.append({
        type: 'task-done',
        data: { taskId: 1, agent: 'ada', summary: token },
        id: 'e1',
        at: 1,
        actor: 'test',
      });
    });
    const stored = await all(inner);
    expect(stored).not.toContain(token);
    expect(stored.match(/\[secret:github-token:[0-9a-f]{12}\]/g)).toHaveLength(4);
  });

  it('finds a row by the text that it was given', async () => {
    const { store } = open();
    await store.write((tx) => tx.insert('tasks', task));
    const found = await store.read((tx) => tx.list('tasks', { where: { title: `use ${token}` } }));
    expect(found).toHaveLength(1);
    expect(await store.read((tx) => tx.count('tasks', { title: `use ${token}` }))).toBe(1);
    expect(await store.read((tx) => tx.pick('tasks', ['id'], { where: { title: `use ${token}` } }))).toEqual([
      { id: 1 },
    ]);
  });

  it('compares with what is there, also when it was stored before it was known to be a secret', async () => {
    const { inner, store } = open();
    await inner.write((tx) => tx.insert('tasks', task));
    const change = (from: string, to: string): Promise<boolean> =>
      store.write((tx) => tx.update('tasks', { key: [1], expect: { title: from }, set: { title: to } }));
    expect(await change('another', 'x')).toBe(false);
    expect(await change(`use ${token}`, `now ${token}`)).toBe(true);
    expect(await change(`now ${token}`, 'clean')).toBe(true);
    expect((await store.read((tx) => tx.get('tasks', 1)))?.title).toBe('clean');
  });

  it('cleans what a prompt shows of an item when the item is inserted, as a restore does', async () => {
    const { inner, store } = open();
    const shown = { text: `use ${token}`, promptText: `[archived 1: 2 lines]\nuse ${token}` };
    await store.write((tx) => tx.insert('context_items', item(shown)));
    expect(await all(inner)).not.toContain(token);
    const promptText = '[archived 2: 3 lines]';
    await store.write((tx) => tx.update('context_items', { key: ['ada', 1], set: { promptText } }));
    expect((await store.read((tx) => tx.get('context_items', 'ada', 1)))?.promptText).toBe(promptText);
  });

  it('covers every column that can hold a text of somebody', () => {
    // Ids, names from a list, hashes; and what the file beside this one gives its reasons for.
    const others =
      /^(?:.*[iI]d|status|type|kind|tier|effect|driver|trigger|method|tokenMethod|commit|sha256|host|bootId|processStart|settings|requester|after|agent|meta|only|undoneBy|repeats|model|stub|name|paths|git|turn|branch)$/;
    for (const table of tableNames) {
      const columns = Object.entries<string>(tables[table].columns);
      const texts = columns.filter(([, kind]) => /^(?:text|json)/.test(kind)).map(([column]) => column);
      const covered: readonly string[] = contentColumns[table];
      expect({
        table,
        left: texts.filter((column) => !covered.includes(column) && !others.test(column)),
      }).toEqual({
        table,
        left: [],
      });
    }
  });
});
