import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFailure } from '../../src/failure.ts';
import type { Store, Where, WriteTransaction } from '../../src/store/store.ts';
import type { TableName, Tables } from '../../src/store/tables.ts';
import { cost, event, item, lease, step, task } from './store-rows.ts';

/** What makes the stores of one adapter. */
export interface StoreMaker {
  readonly name: string;
  /** A new empty database, with a store on it. */
  create(): Promise<StoreUnderTest>;
}

export interface StoreUnderTest {
  readonly store: Store;
  /** Another store on the same database, as another process would have it. */
  another(): Promise<Store>;
  /** Closes all of its stores and removes the database. */
  destroy(): Promise<void>;
}

/** What every adapter of the `Store` port promises. */
export function describeStore(maker: StoreMaker): void {
  describe(`store: ${maker.name}`, () => {
    let made: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      made = await maker.create();
      store = made.store;
    });
    afterEach(() => made.destroy());

    const add = <Name extends TableName>(table: Name, ...rows: readonly Tables[Name][]) =>
      store.write(async (tx) => {
        for (const row of rows) await tx.insert(table, row);
      });
    const all = <Name extends TableName>(table: Name) => store.read((tx) => tx.list(table));
    const ids = (where: Where<Tables['tasks']>) =>
      store.read(async (tx) => (await tx.list('tasks', { where })).map(({ id }) => id));

    describe('rows', () => {
      it('gives back a row as it was put in', async () => {
        const row = task({ after: [3, 2], state: { kind: 'done', agent: 'ada', at: 7, summary: 'ok' } });
        await add('tasks', row);
        expect(await store.read((tx) => tx.get('tasks', 1))).toEqual(row);
        expect(Object.keys((await all('tasks'))[0] ?? {})).toEqual(Object.keys(row));
      });

      it('gives undefined for a key that is not there', async () => {
        expect(await store.read((tx) => tx.get('tasks', 1))).toBeUndefined();
      });

      it('finds a row by a key of several columns, in their order', async () => {
        await add('steps', step({ seq: 1 }), step({ seq: 2 }), step({ agent: 'bob', seq: 2, id: 'x' }));
        expect(await store.read((tx) => tx.get('steps', 'bob', 2))).toMatchObject({ id: 'x' });
        expect(await store.read((tx) => tx.get('steps', 'bob', 1))).toBeUndefined();
      });

      it('refuses a key of the wrong length or kind', async () => {
        await expect(store.read((tx) => tx.get('steps', 'bob'))).rejects.toThrow(TypeError);
        await expect(store.read((tx) => tx.get('tasks', '1'))).rejects.toThrow(TypeError);
      });

      it('keeps booleans, reals, nulls and large integers', async () => {
        const row = item({ pinned: true, isError: true, importance: 0.1 + 0.2, tokens: 2 ** 53 - 1 });
        await add('context_items', row);
        expect(await all('context_items')).toEqual([row]);
        await add('costs', cost({ stepId: 'a', costUsd: 3 }), cost({ stepId: 'b', costUsd: 1e-12 }));
        expect((await all('costs')).map(({ costUsd }) => costUsd)).toEqual([3, 1e-12]);
      });

      it('keeps NUL, quotes, empty text and every plane of Unicode', async () => {
        const texts = ['', 'a\0b', '\0', '\u{1F600}\u{10FFFF}', '\uFEFFx', `'"\\;--`, '\r\n\u2028', ' x '];
        await add('context_items', ...texts.map((text, seq) => item({ seq, text, meta: { text } })));
        expect((await all('context_items')).map(({ text }) => text)).toEqual(texts);
        expect((await all('context_items')).map(({ meta }) => meta)).toEqual(texts.map((text) => ({ text })));
      });

      it('puts U+FFFD in the place of half a surrogate pair, one for one, and keeps it in JSON', async () => {
        const text = 'a\uD83Db\uDE00c\uD83D\uDE00';
        await add('context_items', item({ text, path: '\uD800', meta: [text] }));
        const [row] = await all('context_items');
        expect(row?.text).toBe('a\uFFFDb\uFFFDc\u{1F600}');
        expect(row?.meta).toEqual([text]);
        expect(await store.read((tx) => tx.count('context_items', { path: '\uDC00' }))).toBe(1);
      });

      it('keeps large JSON and large text', async () => {
        const list = Array.from({ length: 20_000 }, (_, index) => ({ index, text: `line ${index} é` }));
        const row = item({ text: 'x\u00e9\0'.repeat(1_500_000), meta: { list, deep: nested(500) } });
        await add('context_items', row);
        const [found] = await all('context_items');
        expect(found?.text === row.text).toBe(true);
        expect(found?.meta).toEqual(row.meta);
      });

      it('tells JSON null in a column that allows none from a missing value', async () => {
        await add('context_items', item({ input: undefined, meta: { a: null, b: [null] } }));
        expect(await all('context_items')).toEqual([item({ input: null, meta: { a: null, b: [null] } })]);
      });

      it('gives copies: changing what was put in or given out changes nothing stored', async () => {
        const after = [1];
        await add('tasks', task({ after }));
        after.push(2);
        const [row] = await all('tasks');
        if (row) (row.after as number[]).push(3);
        expect((await all('tasks'))[0]?.after).toEqual([1]);
      });

      it.each([
        ['null where none is allowed', { title: null }],
        ['undefined', { title: undefined }],
        ['a number for text', { title: 1 }],
        ['text for a number', { attempts: '1' }],
        ['a fraction for an integer', { attempts: 1.5 }],
        ['an unsafe integer', { attempts: 2 ** 53 }],
        ['NaN', { attempts: Number.NaN }],
        ['JSON null where none is allowed', { after: null }],
        ['a function for JSON', { after: () => 1 }],
        ['a column that is not there', { colour: 'red' }],
        ['a column of every object', { toString: 'x' }],
      ])('refuses a row with %s and stores nothing', async (_, change) => {
        await expect(add('tasks', { ...task(), ...change } as Tables['tasks'])).rejects.toThrow(TypeError);
        expect(await all('tasks')).toEqual([]);
      });

      it('refuses a row without one of its columns', async () => {
        const { title: _, ...rest } = task();
        await expect(add('tasks', rest as Tables['tasks'])).rejects.toThrow(TypeError);
      });

      it('refuses numbers that have no JSON in a real column', async () => {
        await expect(add('costs', cost({ costUsd: Infinity }))).rejects.toThrow(TypeError);
      });
    });

    describe('lists', () => {
      beforeEach(() =>
        add(
          'tasks',
          task({ id: 10, title: 'b', agent: 'ada', attempts: 2 }),
          task({ id: 9, title: 'c', agent: null, attempts: 1 }),
          task({ id: 2, title: 'a', agent: 'bob', attempts: 2, status: 'cancelled' }),
          task({ id: 1, title: '\u{1F600}', agent: null, attempts: 0 }),
          task({ id: 3, title: '\uFF5E', agent: 'ada', attempts: 0 }),
        ),
      );

      it('come in the order of the key', async () => {
        expect(await ids({})).toEqual([1, 2, 3, 9, 10]);
      });

      it.each<[Where<Tables['tasks']>, number[]]>([
        [{ agent: 'ada' }, [3, 10]],
        [{ agent: null }, [1, 9]],
        [{ agent: { in: ['bob', 'ada'] } }, [2, 3, 10]],
        [{ agent: { in: ['bob', null] } }, [1, 2, 9]],
        [{ agent: { in: [null] } }, [1, 9]],
        [{ agent: { in: [] } }, []],
        [{ agent: { in: ['nobody', 'bob', 'bob'] } }, [2]],
        [{ id: { in: [1, 2, 77] } }, [1, 2]],
        [{ id: { gt: 3 } }, [9, 10]],
        [{ id: { gte: 3 } }, [3, 9, 10]],
        [{ id: { gt: 8.5 } }, [9, 10]],
        [{ id: 9 }, [9]],
        [{ title: 'A' }, []],
        [{ agent: 'ada', attempts: 2 }, [10]],
        [{ status: 'pending', id: { gt: 1 }, agent: { in: ['ada'] } }, [3, 10]],
      ])('with %j hold %j', async (where, expected) => {
        expect(await ids(where)).toEqual(expected);
        expect(await store.read((tx) => tx.count('tasks', where))).toBe(expected.length);
      });

      it('take a list of 50,000 values', async () => {
        const many = Array.from({ length: 50_000 }, (_, index) => index * 3);
        expect(await ids({ id: { in: many } })).toEqual([3, 9]);
      });

      it('find booleans and text with NUL', async () => {
        await add('context_items', item({ seq: 1, pinned: true, text: 'a\0b' }), item({ seq: 2, text: 'a' }));
        const seqs = (where: Where<Tables['context_items']>) =>
          store.read(async (tx) => (await tx.list('context_items', { where })).map(({ seq }) => seq));
        expect(await seqs({ pinned: true })).toEqual([1]);
        expect(await seqs({ pinned: { in: [false] } })).toEqual([2]);
        expect(await seqs({ text: 'a\0b' })).toEqual([1]);
        expect(await seqs({ text: { in: ['a\0b'] } })).toEqual([1]);
        expect(await seqs({ text: { in: ['a'] } })).toEqual([2]);
      });

      it('find JSON that is null', async () => {
        await add('steps', step({ seq: 1, outcome: { summary: '', isError: false } }), step({ seq: 2 }));
        expect(await store.read((tx) => tx.count('steps', { outcome: null }))).toBe(1);
      });

      it('pass over null when they compare', async () => {
        await add('steps', step({ seq: 1, endedAt: 5 }), step({ seq: 2, endedAt: null }));
        expect(await store.read((tx) => tx.count('steps', { endedAt: { gte: -1 } }))).toBe(1);
      });

      it('come ordered by a column, equals by the key, null first, text by code points', async () => {
        const by = (orderBy: 'title' | 'agent' | 'attempts', descending: boolean) =>
          store.read(async (tx) => (await tx.list('tasks', { orderBy, descending })).map(({ id }) => id));
        expect(await by('attempts', false)).toEqual([1, 3, 9, 2, 10]);
        expect(await by('attempts', true)).toEqual([10, 2, 9, 3, 1]);
        expect(await by('agent', false)).toEqual([1, 9, 3, 10, 2]);
        expect(await by('title', false)).toEqual([2, 10, 9, 3, 1]);
      });

      it('stop at their limit', async () => {
        const take = (limit: number) =>
          store.read(async (tx) => (await tx.list('tasks', { limit, descending: true })).map(({ id }) => id));
        expect(await take(2)).toEqual([10, 9]);
        expect(await take(0)).toEqual([]);
        expect(await take(99)).toHaveLength(5);
        await expect(take(-1)).rejects.toThrow(TypeError);
        await expect(take(1.5)).rejects.toThrow(TypeError);
      });

      it.each([
        ['an undefined condition', { agent: undefined }],
        ['an empty one', { agent: {} }],
        ['an operator that does not exist', { id: { lt: 3 } }],
        ['a comparison of text', { title: { gt: 3 } }],
        ['equality of JSON', { after: [1] }],
        ['a value of another kind', { id: '1' }],
        ['a column that is not there', { colour: 'red' }],
      ])('refuse %s, and a delete with it deletes nothing', async (_, where) => {
        const condition = where as unknown as Where<Tables['tasks']>;
        await expect(ids(condition)).rejects.toThrow(TypeError);
        await expect(store.write((tx) => tx.delete('tasks', condition))).rejects.toThrow(TypeError);
        expect(await store.read((tx) => tx.count('tasks'))).toBe(5);
      });

      it('refuse an order by JSON', async () => {
        await expect(store.read((tx) => tx.list('tasks', { orderBy: 'state' }))).rejects.toThrow(TypeError);
      });
    });

    describe('some columns', () => {
      beforeEach(() =>
        add(
          'context_items',
          item({ seq: 2, tier: 'COLD', promptTokens: 3, pinned: true, meta: { a: 1 } }),
          item({ seq: 1, promptTokens: 5 }),
          item({ agent: 'bob', seq: 1, promptTokens: 7 }),
        ),
      );

      it('come without the others, in the order and of the rows asked for', async () => {
        const picked = await store.read((tx) =>
          tx.pick('context_items', ['promptTokens', 'pinned', 'meta'], { where: { agent: 'ada' } }),
        );
        expect(picked).toEqual([
          { promptTokens: 5, pinned: false, meta: null },
          { promptTokens: 3, pinned: true, meta: { a: 1 } },
        ]);
        const query = { orderBy: 'promptTokens', descending: true, limit: 2 } as const;
        expect(await store.read((tx) => tx.pick('context_items', ['agent'], query))).toEqual([
          { agent: 'bob' },
          { agent: 'ada' },
        ]);
      });

      it('are refused when the table does not have them, or when there are none', async () => {
        const pick = (...columns: string[]) =>
          store.read((tx) => tx.pick('context_items', columns as unknown as ['id']));
        await expect(pick('colour')).rejects.toThrow(TypeError);
        await expect(pick('id', 'toString')).rejects.toThrow(TypeError);
        await expect(pick()).rejects.toThrow(TypeError);
        expect(await pick('id', 'id')).toEqual([{ id: 'i1' }, { id: 'i2' }, { id: 'i1' }]);
      });
    });

    describe('searches', () => {
      const texts = [
        'the parser reads tokens, one token at a time; parser parser',
        'Le café est fermé: error E42 in src/parser/readFile.ts',
        'nothing of interest',
        'a parser among many other words that say little, and then some more of the same kind of words',
        'one\0zwei \u6F22\u5B57 \u{1F600} snake_case-name',
      ];
      beforeEach(() =>
        add(
          'context_items',
          ...texts.map((text, index) => item({ seq: index + 1, text })),
          item({ agent: 'bob', seq: 9, text: 'a parser of bob' }),
          item({ agent: 'bob', seq: 10, text: 'of bob alone' }),
        ),
      );
      const find = async (text: string, more: { any?: boolean; limit?: number; agent?: string } = {}) => {
        const { agent, ...rest } = more;
        const where = agent === undefined ? {} : { agent };
        const found = await store.read((tx) => tx.search('context_items', { text, where, ...rest }));
        expect(found.every(({ score }) => score >= 0)).toBe(true);
        return found.map(({ key }) => key.join(' '));
      };

      it.each([
        ['readfile', ['ada 2']],
        ['CAFÉ', ['ada 2']],
        ['cafe ferme', ['ada 2']],
        ['error parser', ['ada 2']],
        ['src/parser/readFile.ts', ['ada 2']],
        ['zwei', ['ada 5']],
        ['snake_case', ['ada 5']],
        ['\u6F22\u5B57', ['ada 5']],
        ['interest nowhere', []],
        ['inter', []],
        ['', []],
        ['"?! * ()', []],
        ['NOT nothing', []],
        ['words: OR', []],
        ['one\0zwei', ['ada 5']],
      ])('for %j find %j', async (text, expected) => {
        expect(await find(text)).toEqual(expected);
      });

      it('give the best first: a word that comes often in a short text', async () => {
        expect((await find('parser', { agent: 'ada' }))[0]).toBe('ada 1');
        expect((await find('parser', { agent: 'ada' })).at(-1)).toBe('ada 4');
        expect(await find('parser', { agent: 'ada', limit: 1 })).toEqual(['ada 1']);
      });

      it('take one of the words for enough when told so', async () => {
        expect(await find('interest E42 nowhere')).toEqual([]);
        expect((await find('interest E42 nowhere', { any: true })).toSorted()).toEqual(['ada 2', 'ada 3']);
      });

      it('look at the rows that fulfil the conditions alone', async () => {
        expect(await find('bob', { agent: 'ada' })).toEqual([]);
        expect((await find('bob', { agent: 'bob' })).toSorted()).toEqual(['bob 10', 'bob 9']);
        await expect(
          store.read((tx) => tx.search('context_items', { text: 'bob', where: { colour: 1 } as object })),
        ).rejects.toThrow(TypeError);
      });

      it('follow changes, deletions and rollbacks', async () => {
        await store.write(async (tx) => {
          await tx.update('context_items', { key: ['ada', 3], set: { text: 'zebra' } });
          expect(await tx.search('context_items', { text: 'zebra' })).toHaveLength(1);
          expect(await tx.delete('context_items', { agent: 'bob' })).toBe(2);
        });
        expect([await find('zebra'), await find('nothing'), await find('bob')]).toEqual([['ada 3'], [], []]);
        await store
          .write(async (tx) => {
            await tx.insert('context_items', item({ seq: 77, text: 'lost' }));
            throw new Error('no');
          })
          .catch(() => undefined);
        expect(await find('lost')).toEqual([]);
      });
    });

    describe('changes', () => {
      it('refuse to insert a key twice, and go on with the rest of the transaction', async () => {
        await add('tasks', task(), task({ id: 2 }));
        const refusal = await store.write(async (tx) => {
          await tx.insert('tasks', task({ id: 3 }));
          const error = await tx.insert('tasks', task({ title: 'again' })).catch((e: unknown) => e);
          await tx.insert('tasks', task({ id: 4 }));
          return error;
        });
        expect(isFailure(refusal, 'already-exists') && refusal.failure).toEqual({
          code: 'already-exists',
          kind: 'task',
          id: '1',
        });
        expect((await all('tasks')).map(({ id, title }) => [id, title])).toEqual(
          [1, 2, 3, 4].map((id) => [id, 'a task']),
        );
      });

      it('name a key of several columns in the refusal', async () => {
        await add('context_items', item({ seq: 7 }));
        const refusal = await add('context_items', item({ seq: 7 })).catch((error: unknown) => error);
        expect(isFailure(refusal) && refusal.failure).toMatchObject({ kind: 'context item', id: 'ada 7' });
      });

      it('set columns of one row and leave the others', async () => {
        await add('tasks', task(), task({ id: 2 }));
        const changed = await store.write((tx) =>
          tx.update('tasks', { key: [1], set: { title: 'new', agent: 'ada', after: [9] } }),
        );
        expect(changed).toBe(true);
        expect(await all('tasks')).toEqual([
          task({ title: 'new', agent: 'ada', after: [9] }),
          task({ id: 2 }),
        ]);
      });

      it('compare and set', async () => {
        await add('tasks', task({ status: 'pending', agent: null, attempts: 3 }));
        const set = (expect: Partial<Tables['tasks']>, title: string) =>
          store.write((tx) => tx.update('tasks', { key: [1], expect, set: { title } }));
        expect(await set({ status: 'running' }, 'no')).toBe(false);
        expect(await set({ status: 'pending', attempts: 2 }, 'no')).toBe(false);
        expect(await set({ agent: 'ada' }, 'no')).toBe(false);
        expect((await all('tasks'))[0]?.title).toBe('a task');
        expect(await set({ status: 'pending', attempts: 3, agent: null }, 'yes')).toBe(true);
        expect((await all('tasks'))[0]?.title).toBe('yes');
      });

      it('compare JSON by what it means, whatever the order of its keys', async () => {
        await add('tasks', task({ state: { kind: 'running', agent: 'ada', since: 5 }, after: [1, 2] }));
        const set = (expect: Partial<Tables['tasks']>) =>
          store.write((tx) => tx.update('tasks', { key: [1], expect, set: {} }));
        expect(await set({ state: { since: 5, agent: 'ada', kind: 'running' } })).toBe(true);
        expect(await set({ state: { since: 6, agent: 'ada', kind: 'running' } })).toBe(false);
        expect(await set({ after: [2, 1] })).toBe(false);
        await add('steps', step({ outcome: null }));
        const expected = { outcome: { summary: '', isError: true } };
        expect(
          await store.write((tx) => tx.update('steps', { key: ['ada', 1], expect: expected, set: {} })),
        ).toBe(false);
      });

      it('answer false for a row that is not there', async () => {
        expect(await store.write((tx) => tx.update('tasks', { key: [1], set: { title: 'x' } }))).toBe(false);
      });

      it('refuse to change a key, or to set what does not fit', async () => {
        await add('tasks', task());
        const set = (change: object) => store.write((tx) => tx.update('tasks', { key: [1], set: change }));
        await expect(set({ id: 2 })).rejects.toThrow(TypeError);
        await expect(set({ title: null })).rejects.toThrow(TypeError);
        await expect(set({ colour: 'red' })).rejects.toThrow(TypeError);
        expect(await set({ id: 1, title: 'same id' })).toBe(true);
      });

      it('set columns of all rows that fulfil the conditions, and say of how many', async () => {
        await add('steps', step({ seq: 1 }), step({ seq: 2 }), step({ agent: 'bob', seq: 2 }));
        const end = (where: Where<Tables['steps']>, set: object): Promise<number> =>
          store.write((tx) => tx.updateAll('steps', { where, set }));
        expect(await end({ agent: 'ada', seq: { in: [2, 3] } }, { endedAt: 7 })).toBe(1);
        expect(await end({ agent: 'eve' }, { endedAt: 8 })).toBe(0);
        expect((await all('steps')).map(({ endedAt }) => endedAt)).toEqual([
          step().endedAt,
          7,
          step().endedAt,
        ]);
        expect(await store.write((tx) => tx.updateAll('steps', { set: { endedAt: 9 } }))).toBe(3);
        await expect(end({}, { agent: 'eve' })).rejects.toThrow(TypeError);
        await expect(end({}, {})).rejects.toThrow(TypeError);
        await expect(end({}, { endedAt: 'late' })).rejects.toThrow(TypeError);
        expect((await all('steps')).map(({ endedAt }) => endedAt)).toEqual([9, 9, 9]);
      });

      it('add many rows at once, or none', async () => {
        await store.write((tx) => tx.insertAll('steps', [step({ seq: 1 }), step({ seq: 2, outcome: null })]));
        await store.write((tx) => tx.insertAll('steps', []));
        const twice = store.write((tx) => tx.insertAll('steps', [step({ seq: 3 }), step({ seq: 1 })]));
        await expect(twice).rejects.toMatchObject({ failure: { code: 'already-exists' } });
        expect(await all('steps')).toEqual([step({ seq: 1 }), step({ seq: 2, outcome: null })]);
      });

      it('change each of many rows otherwise, and say how many were there', async () => {
        await add('steps', step({ seq: 1 }), step({ seq: 2 }), step({ agent: 'bob', seq: 2 }));
        const changes = [
          { key: ['ada', 1], set: { endedAt: 7 } },
          { key: ['ada', 3], set: { endedAt: 8 } },
          { key: ['bob', 2], set: { endedAt: 9, status: 'failed' } },
        ] as const;
        expect(await store.write((tx) => tx.updateEach('steps', changes))).toBe(2);
        expect(await all('steps')).toEqual([
          step({ seq: 1, endedAt: 7 }),
          step({ seq: 2 }),
          step({ agent: 'bob', seq: 2, endedAt: 9, status: 'failed' }),
        ]);
        expect(await store.write((tx) => tx.updateEach('steps', []))).toBe(0);
        const renamed = [{ key: ['ada', 1], set: { seq: 5 } }];
        await expect(store.write((tx) => tx.updateEach('steps', renamed))).rejects.toThrow(TypeError);
      });

      it('delete what fulfils the conditions, and say how much', async () => {
        await add('steps', step({ seq: 1 }), step({ seq: 2 }), step({ agent: 'bob', seq: 2 }));
        expect(await store.write((tx) => tx.delete('steps', { agent: 'ada', seq: { gt: 1 } }))).toBe(1);
        expect(await store.write((tx) => tx.delete('steps', { agent: 'eve' }))).toBe(0);
        expect(await store.write((tx) => tx.delete('steps'))).toBe(2);
        expect(await all('steps')).toEqual([]);
      });

      it('are seen by the transaction that made them', async () => {
        await store.write(async (tx) => {
          await tx.insert('tasks', task());
          await tx.update('tasks', { key: [1], set: { title: 'b' } });
          expect(await tx.get('tasks', 1)).toMatchObject({ title: 'b' });
          expect(await tx.count('tasks')).toBe(1);
          await tx.delete('tasks');
          expect(await tx.list('tasks')).toEqual([]);
          await tx.insert('tasks', task({ title: 'c' }));
        });
        expect(await all('tasks')).toEqual([task({ title: 'c' })]);
      });
    });

    describe('numbers', () => {
      it('number events from 1 without gaps, also after a rollback', async () => {
        await store.write((tx) => tx.append(event('e1')));
        await expect(
          store.write(async (tx) => {
            await tx.append(event('lost'));
            throw new Error('no');
          }),
        ).rejects.toThrow('no');
        await store.write(async (tx) => {
          await tx.append(event('e2'));
          await tx.append(event('e3', 77));
        });
        expect((await all('events')).map(({ seq, id }) => [seq, id])).toEqual([
          [1, 'e1'],
          [2, 'e2'],
          [3, 'e3'],
        ]);
        expect((await all('events'))[2]).toEqual({ seq: 3, ...event('e3', 77) });
      });

      it('count each counter from 1, and not on after a rollback', async () => {
        const next = (name: string) => store.write((tx) => tx.nextNumber(name));
        expect([await next('tasks'), await next('tasks'), await next('other')]).toEqual([1, 2, 1]);
        await expect(
          store.write(async (tx) => {
            await tx.nextNumber('tasks');
            throw new Error('no');
          }),
        ).rejects.toThrow('no');
        expect(await next('tasks')).toBe(3);
        expect(await store.read((tx) => tx.get('counters', 'tasks'))).toEqual({ name: 'tasks', value: 3 });
      });
    });

    describe('transactions', () => {
      it('roll back all of a write that throws, with what it threw', async () => {
        await add('tasks', task());
        const thrown = new Error('mine');
        const write = store.write(async (tx) => {
          await tx.insert('tasks', task({ id: 2 }));
          await tx.update('tasks', { key: [1], set: { title: 'changed' } });
          await tx.append(event('e1'));
          throw thrown;
        });
        await expect(write).rejects.toBe(thrown);
        expect(await all('tasks')).toEqual([task()]);
        expect(await all('events')).toEqual([]);
      });

      it('roll back a write whose work throws before its first await', async () => {
        const write = store.write(() => {
          throw new Error('at once');
        });
        await expect(write).rejects.toThrow('at once');
        await add('tasks', task());
        expect(await all('tasks')).toHaveLength(1);
      });

      it('answer what the work answers', async () => {
        expect(await store.write(async () => 7)).toBe(7);
        expect(await store.read(async () => 'x')).toBe('x');
      });

      it('do not see what is committed after a read began', async () => {
        await add('tasks', task());
        await store.read(async (tx) => {
          await add('tasks', task({ id: 2 }));
          await store.write((other) => other.update('tasks', { key: [1], set: { title: 'new' } }));
          expect(await tx.list('tasks')).toEqual([task()]);
          expect(await all('tasks')).toHaveLength(2);
        });
        expect(await all('tasks')).toHaveLength(2);
      });

      it('do not see what another store commits after a read began', async () => {
        const other = await made.another();
        const reading = store.read(async (tx) => {
          await other.write((write) => write.insert('tasks', task()));
          return tx.count('tasks');
        });
        expect(await reading).toBe(0);
        expect(await store.read((tx) => tx.count('tasks'))).toBe(1);
      });

      it('read the old state while a write is open, in this and in another store', async () => {
        const other = await made.another();
        await add('tasks', task());
        let seen: Promise<number[]> | undefined;
        await store.write(async (tx) => {
          await tx.insert('tasks', task({ id: 2 }));
          seen = Promise.all([store, other].map((each) => each.read((read) => read.count('tasks'))));
          await tx.insert('tasks', task({ id: 3 }));
        });
        expect(await seen).toEqual([1, 1]);
        expect(await other.read((tx) => tx.count('tasks'))).toBe(3);
      });

      it('let many reads be open at once, each with its own snapshot', async () => {
        const counts = await nestedReads(8);
        expect(counts).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0].toReversed());
      });

      async function nestedReads(levels: number): Promise<number[]> {
        return store.read(async (tx) => {
          const id = 100 - levels;
          const inner =
            levels === 0 ? [] : await add('tasks', task({ id })).then(() => nestedReads(levels - 1));
          return [await tx.count('tasks'), ...inner];
        });
      }

      it('refuse a write within a write, and keep nothing of either', async () => {
        const outer = store.write(async (tx) => {
          await tx.insert('tasks', task());
          await add('tasks', task({ id: 2 }));
        });
        await expect(outer).rejects.toThrow('inside another write');
        expect(await all('tasks')).toEqual([]);
        await add('tasks', task());
      });

      it('refuse a write that awaits anything but its transaction, and go on with the next', async () => {
        const forever = new Promise<void>(() => undefined);
        const stuck = store.write(async (tx) => {
          await tx.insert('tasks', task());
          await forever;
        });
        const next = add('tasks', task({ id: 2 }));
        await expect(stuck).rejects.toThrow('awaited something other');
        await next;
        expect((await all('tasks')).map(({ id }) => id)).toEqual([2]);
      });

      it('refuse a write that goes on after it was refused', async () => {
        let late: Promise<unknown> | undefined;
        const stuck = store.write(async (tx) => {
          await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
          late = tx.insert('tasks', task());
          await late;
        });
        await expect(stuck).rejects.toThrow('awaited something other');
        await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
        await expect(late).rejects.toThrow('the transaction is over');
        expect(await all('tasks')).toEqual([]);
      });

      it('refuse to be used when they are over', async () => {
        const kept: WriteTransaction[] = [];
        await store.write(async (tx) => void kept.push(tx));
        await expect(kept[0]?.insert('tasks', task())).rejects.toThrow('the transaction is over');
        await expect(kept[0]?.get('tasks', 1)).rejects.toThrow('the transaction is over');
        const read = await store.read(async (tx) => ({ tx }));
        await expect(read.tx.list('tasks')).rejects.toThrow('the transaction is over');
        expect(await all('tasks')).toEqual([]);
      });

      it('let a write be begun by what a finished write left behind', async () => {
        let later: (() => Promise<void>) | undefined;
        await store.write(async () => {
          const { promise, resolve } = withResolvers();
          const done = promise.then(() => add('tasks', task()));
          later = () => (resolve(), done);
        });
        await later?.();
        expect(await all('tasks')).toHaveLength(1);
      });
    });

    describe('writers', () => {
      it('of one store take turns', async () => {
        await store.write((tx) => tx.insert('counters', { name: 'n', value: 0 }));
        await Promise.all(Array.from({ length: 50 }, () => store.write(addOne)));
        expect(await store.read((tx) => tx.get('counters', 'n'))).toEqual({ name: 'n', value: 50 });
      });

      it('of two stores take turns, and no number is given twice', async () => {
        const other = await made.another();
        const numbers = await Promise.all(
          Array.from({ length: 60 }, (_, index) =>
            (index % 2 ? store : other).write(async (tx) => {
              await tx.append(event(`e${index}`));
              return tx.nextNumber('n');
            }),
          ),
        );
        expect(numbers.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: 60 }, (_, index) => index + 1),
        );
        expect((await all('events')).map(({ seq }) => seq)).toEqual(
          Array.from({ length: 60 }, (_, index) => index + 1),
        );
      });

      it('of two stores that compare and set the same row: one wins', async () => {
        const other = await made.another();
        await add('tasks', task());
        const won = await Promise.all(
          [store, other, store, other].map((each, index) =>
            each.write((tx) =>
              tx.update('tasks', {
                key: [1],
                expect: { status: 'pending' },
                set: { status: 'running', title: `${index}` },
              }),
            ),
          ),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await all('tasks'))[0]?.title).toBe(`${won.indexOf(true)}`);
      });
    });

    describe('fences', () => {
      const fence = { ownerId: 'o1', epoch: 4 };
      const fenced = () => store.write((tx) => tx.nextNumber('n'), { fence });

      it('let the owner write', async () => {
        await add('leases', lease({ ownerId: 'o1', epoch: 4 }));
        expect(await fenced()).toBe(1);
      });

      it.each([
        ['a later epoch', lease({ ownerId: 'o2', epoch: 5 }), 5],
        ['the same owner in a later epoch', lease({ ownerId: 'o1', epoch: 5 }), 5],
        ['another owner of the same epoch', lease({ ownerId: 'o2', epoch: 4 }), 4],
        ['a free lease', lease({ ownerId: null, epoch: 4 }), 4],
      ])('refuse the owner after %s, and its work is not begun', async (_, row, currentEpoch) => {
        await add('leases', row);
        let begun = false;
        const write = store.write(
          async () => {
            begun = true;
          },
          { fence },
        );
        const error = await write.catch((refusal: unknown) => refusal);
        expect(isFailure(error) && error.failure).toEqual({ code: 'stale-owner', epoch: 4, currentEpoch });
        expect(begun).toBe(false);
      });

      it('refuse everybody when there is no lease', async () => {
        const error = await fenced().catch((refusal: unknown) => refusal);
        expect(isFailure(error) && error.failure).toEqual({
          code: 'stale-owner',
          epoch: 4,
          currentEpoch: 0,
        });
      });

      it('see a lease that another store took', async () => {
        const other = await made.another();
        await add('leases', lease({ ownerId: 'o1', epoch: 4 }));
        const results = [fenced(), takeOver(other), fenced()];
        const settled = await Promise.allSettled(results);
        expect(settled[1]?.status).toBe('fulfilled');
        const last = await fenced().catch((refusal: unknown) => refusal);
        expect(isFailure(last, 'stale-owner')).toBe(true);
        const counted = settled.filter(({ status }, index) => index !== 1 && status === 'fulfilled').length;
        expect((await store.read((tx) => tx.get('counters', 'n')))?.value ?? 0).toBe(counted);
      });

      it('do not hinder reads or writes without one', async () => {
        expect(await store.write((tx) => tx.nextNumber('n'))).toBe(1);
      });
    });

    describe('stamps of tables', () => {
      const stamp = (of: Store = store): Promise<string | undefined> =>
        of.read(async (tx) => tx.stamp('tasks'));

      it('are others after each commit that wrote to the table, by this store or another one', async () => {
        const other = await made.another();
        const seen = [await stamp()];
        await store.write((tx) => tx.insert('tasks', task({ id: 1 })));
        seen.push(await stamp());
        await other.write((tx) => tx.insert('tasks', task({ id: 2 })));
        seen.push(await stamp());
        await store.write(async (tx) => {
          await tx.update('tasks', { key: [1], set: { title: 'other' } });
        });
        seen.push(await stamp());
        await other.write(async (tx) => {
          await tx.delete('tasks', { id: 2 });
        });
        seen.push(await stamp());
        const told = seen.filter((one) => one !== undefined);
        expect(new Set(told).size).toBe(told.length);
      });

      it('stay while this store writes to other tables only', async () => {
        await store.write((tx) => tx.insert('tasks', task({ id: 1 })));
        const before = await stamp();
        await store.write((tx) => tx.nextNumber('n'));
        await store.read((tx) => tx.list('tasks'));
        expect(await stamp()).toBe(before);
      });

      it('stand for the rows that a transaction sees, also when others are committed while it reads', async () => {
        await store.write((tx) => tx.insert('tasks', task({ id: 1 })));
        const [during, count] = await store.read(async (tx) => {
          await tx.count('tasks');
          await store.write((later) => later.insert('tasks', task({ id: 2 })));
          return [tx.stamp('tasks'), await tx.count('tasks')] as const;
        });
        expect(count).toBe(1);
        const after = await stamp();
        if (after !== undefined) expect(after).not.toBe(during);
      });

      it('are not given while something is written', async () => {
        expect(await store.write(async (tx) => tx.stamp('tasks'))).toBeUndefined();
      });
    });

    describe('versions', () => {
      it('are others after each commit of this store and of another one', async () => {
        const other = await made.another();
        const seen = [await store.version()];
        for (const each of [store, other, other, store]) {
          await each.write((tx) => tx.nextNumber('n'));
          seen.push(await store.version());
        }
        expect(new Set(seen).size).toBe(5);
        expect(await other.version()).toBe(await other.version());
      });

      it('stay when nothing is committed', async () => {
        const before = await store.version();
        await store.read((tx) => tx.list('tasks'));
        await store
          .write(async (tx) => {
            await tx.nextNumber('n');
            throw new Error('no');
          })
          .catch(() => undefined);
        expect(await store.version()).toBe(before);
      });

      it('go on while a read is open', async () => {
        await store.read(async () => {
          const before = await store.version();
          await store.write((tx) => tx.nextNumber('n'));
          expect(await store.version()).not.toBe(before);
        });
      });
    });

    describe('closing', () => {
      it('waits for what runs, and can be done twice', async () => {
        const other = await made.another();
        const { promise, resolve } = withResolvers();
        const read = store.read(async (tx) => {
          await promise;
          return tx.count('tasks');
        });
        const write = add('tasks', task());
        const closing = [store.close(), store.close()];
        resolve();
        expect(await read).toBe(0);
        await write;
        await Promise.all(closing);
        expect(await other.read((tx) => tx.count('tasks'))).toBe(1);
      });

      it('refuses what comes after', async () => {
        await store.close();
        await expect(store.read(async () => 1)).rejects.toThrow('the store is closed');
        await expect(store.write(async () => 1)).rejects.toThrow('the store is closed');
        await expect(store.version()).rejects.toThrow('the store is closed');
      });
    });
  });
}

async function addOne(tx: WriteTransaction): Promise<void> {
  const row = await tx.get('counters', 'n');
  await tx.update('counters', {
    key: ['n'],
    expect: { value: row?.value ?? -1 },
    set: { value: (row?.value ?? 0) + 1 },
  });
}

function takeOver(store: Store): Promise<boolean> {
  return store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: 'o2', epoch: 5 } }));
}

function nested(depth: number): unknown {
  return depth === 0 ? null : [nested(depth - 1)];
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
