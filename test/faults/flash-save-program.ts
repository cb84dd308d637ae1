import { writeSync } from 'node:fs';
import type { FlashSaveCause } from '../../src/context/flash-save.ts';
import type { Store, WriteTransaction } from '../../src/store/store.ts';
import { AgentMemory } from '../rig/agent-memory.ts';

/**
 * Saves the memory of a directory and dies by SIGKILL at the n-th step: before and after each call of the transaction, before
 * the commit, after the commit before anybody hears of it. `flash-save-program.mjs DIR CAUSE KILL_AT`.
 */
const [dir = '', cause = 'asked', killAt = '0'] = process.argv.slice(2);

let steps = 0;

function point(): void {
  steps += 1;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

function deadlyTransaction(tx: WriteTransaction): WriteTransaction {
  return new Proxy(tx, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: readonly unknown[]) => unknown;
      return async (...args: readonly unknown[]) => {
        point();
        return method(...args);
      };
    },
  });
}

function deadlyStore(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'write') return value.bind(target) as unknown;
      const write: Store['write'] = async (work, options) => {
        const result = await target.write(async (tx) => {
          const done = await work(deadlyTransaction(tx));
          point();
          return done;
        }, options);
        point();
        return result;
      };
      return write;
    },
  });
}

const memory = await AgentMemory.open(dir, deadlyStore);
const tell = { taskId: 1, item: () => ({ kind: 'user' as const, text: 'Parts of this were archived.' }) };
await memory.save({ cause: cause as FlashSaveCause, pauseId: null, ...(cause === 'window' ? { tell } : {}) });
writeSync(1, `${steps}\n`);
await memory.store.close();
