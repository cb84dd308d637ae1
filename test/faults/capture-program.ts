import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { createCheckpoint, type CheckpointPorts } from '../../src/checkpoint/create-checkpoint.ts';
import { openCapture } from './capture-ports.ts';

/*
 * `capture-program.mjs PLACE ID STEP`: makes a checkpoint, and dies by its own hand at the STEP-th call, or end of a
 * call, of one of its ports (0: never). Prints the id once it was told that the checkpoint is there.
 */
const [place = '', id = '', dieAt = '0'] = process.argv.slice(2);
let steps = 0;

const store = await openSqliteStore({
  path: join(place, 'data', 'state.db'),
  backupsDir: join(place, 'data', 'backups'),
});
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
