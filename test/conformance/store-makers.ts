import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryDatabase, openMemoryStore } from '../../src/adapters/store-memory/memory-store.ts';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreMaker } from './store.ts';

export const memoryStores: StoreMaker = {
  name: 'memory',
  create: async () => {
    const database = new MemoryDatabase();
    const made = await openedOn(async () => openMemoryStore(database));
    return { ...made, destroy: made.closeAll };
  },
};

export const sqliteStores: StoreMaker = {
  name: 'sqlite',
  create: async () => {
    const dir = await mkdtemp(join(tmpdir(), 'codeframe-store-'));
    const made = await openedOn(() =>
      openSqliteStore({ path: join(dir, 'state.db'), backupsDir: join(dir, 'backups') }),
    );
    return {
      ...made,
      destroy: async () => {
        await made.closeAll();
        await rm(dir, { recursive: true });
      },
    };
  },
};

async function openedOn(open: () => Promise<Store>) {
  const store = await open();
  const opened = [store];
  return {
    store,
    another: async () => {
      const other = await open();
      opened.push(other);
      return other;
    },
    closeAll: async () => {
      for (const each of opened) await each.close();
    },
  };
}
