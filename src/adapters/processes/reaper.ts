// The reaper's program: waits for the end of the runner that started it, whose pipe is its stdin, and kills what that
// runner's agents left when it did not say goodbye. Arguments: the scope of the project's markers, the owner's id.
import { setTimeout as sleep } from 'node:timers/promises';
import { goodbye } from './goodbye.ts';
import { killFamily } from './kill-family.ts';
import { systemTable } from './machine-processes.ts';
import { MarkedSearch } from './marked-search.ts';

/** How often it looks while the runner lives: what was seen once is found when it has cut all ties. */
const lookMs = 2000;
/** A process that was just being started when its runner died shows its marker only now. */
const settleMs = 200;
const roundMs = 5000;
const roundsMax = 12;
/** So many rounds that find nothing: on a busy machine a forked process waits long for its turn to become another. */
const quietRounds = 4;

const [scope = '', ownerId = ''] = process.argv.slice(2);
const table = systemTable();
const search = new MarkedSearch(table);
const look = () => search.look((marker) => marker.startsWith(`${scope}/`) && marker.endsWith(`/${ownerId}`));

// Ctrl-C and a closed terminal end the runner, after which this is needed most.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
const looking = setInterval(look, lookMs);
const saidGoodbye = await readToEnd();
clearInterval(looking);
if (!saidGoodbye) await reap();
process.exit(0);

async function readToEnd(): Promise<boolean> {
  let said = '';
  try {
    for await (const chunk of process.stdin) {
      said += String(chunk);
      if (said.includes(goodbye)) return true;
    }
  } catch {
    // A broken pipe is an end like any other.
    return false;
  }
  return false;
}

async function reap(): Promise<void> {
  for (let round = 0, quiet = 0; round < roundsMax && quiet < quietRounds; round++) {
    const { killed, left } = await killFamily(look, table, roundMs);
    quiet = killed === 0 && left.length === 0 ? quiet + 1 : 0;
    await sleep(settleMs);
  }
}
