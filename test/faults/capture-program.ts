import fs, { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { createCheckpoint, type CheckpointPorts } from '../../src/checkpoint/create-checkpoint.ts';
import { openCapture } from './capture-ports.ts';

/*
 * `capture-program.mjs PLACE ID STEP CALL`: makes a checkpoint, and dies by its own hand at the STEP-th call, or end of a
 * call, of one of its ports, or before its CALL-th call that writes files (0: never). Prints the id once it was told
 * that the checkpoint is there.
 */
const [place = '', id = '', dieAt = '0', dieAtCall = '0'] = process.argv.slice(2);
let steps = 0;
let calls = 0;

const store = await openSqliteStore({
  path: join(place, 'data', 'state.db'),
  backupsDir: join(place, 'data', 'backups'),
});
if (dieAtCall !== '0') makeWritesMortal();
const opened = openCapture(place, { store });
const ports: CheckpointPorts = {
  ...opened,
  store: mortal(opened.store),
  checkpoints: mortal(opened.checkpoints),
  tree: mortal(opened.tree),
  git: mortal(opened.git),
};
await createCheckpoint(ports, { id, trigger: 'manual', createdBy: 'test' });
writeSync(1, `${id}\n`);
await opened.checkpoints.close();
await store.close();

/** The same port, each call of which is two steps: its beginning and its end. */
function mortal<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        step();
        const answer: unknown = await Reflect.apply(value, target, args);
        step();
        return answer;
      };
    },
  });
}

function step(): void {
  steps += 1;
  if (steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
}

/** Every synchronous write of files, by this program and everything in it. */
function makeWritesMortal(): void {
  const writes = [
    'openSync',
    'writeSync',
    'writeFileSync',
    'fsyncSync',
    'renameSync',
    'mkdirSync',
    'rmSync',
  ] as const;
  for (const name of writes) {
    const original = fs[name] as (...args: readonly unknown[]) => unknown;
    const mortalWrite = (...args: readonly unknown[]): unknown => {
      calls += 1;
      if (calls === Number(dieAtCall)) process.kill(process.pid, 'SIGKILL');
      return original(...args);
    };
    Object.assign(fs, { [name]: mortalWrite });
  }
  syncBuiltinESMExports();
}
