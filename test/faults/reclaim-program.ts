import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';

/*
 * `reclaim-program.mjs PLACE STEP ID…`: takes these checkpoints away and reclaims the space, and dies by its own hand
 * before the STEP-th change that it makes to the disk by itself (0: never). Says what it freed.
 */
const [place = '', dieAt = '0', ...ids] = process.argv.slice(2);
let steps = 0;

const changing = ['renameSync', 'rmSync', 'mkdirSync', 'openSync', 'writeFileSync', 'fsyncSync'] as const;
for (const name of changing) {
  const real = fs[name] as (...args: readonly unknown[]) => unknown;
  Object.assign(fs, {
    [name]: (...args: readonly unknown[]): unknown => {
      steps += 1;
      if (steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
      return real(...args);
    },
  });
}
syncBuiltinESMExports();

const store = openGitCheckpoints({ path: join(place, 'store.git') });
await store.remove(ids);
const freed = await store.reclaim();
await store.close();
fs.writeSync(1, `${JSON.stringify(freed)}\n`);
