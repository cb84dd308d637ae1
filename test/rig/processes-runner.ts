// Stands for a runner in the tests of the reaper: starts a reaper and an agent's program, says when both are there,
// and ends as it is told on its stdin: `stop` says goodbye first, `exit` does not.
// Arguments: the reaper's script, the project's id, the owner's id, the agent's shell script.
import { spawn } from 'node:child_process';
import { createStartReaper } from '../../src/adapters/processes/start-reaper.ts';
import { agentMarker, markerVariable } from '../../src/agent/processes.ts';

const [script = '', scope = '', ownerId = '', program = ''] = process.argv.slice(2);
const reaper = createStartReaper({ script })({ scope, ownerId });
const agent = spawn('sh', ['-c', program], {
  detached: true,
  stdio: 'ignore',
  env: { ...process.env, [markerVariable]: agentMarker(scope, 'ada', ownerId) },
});
agent.unref();
console.log('started');
for await (const chunk of process.stdin) {
  const order = String(chunk).trim();
  if (order === 'stop') {
    await reaper.stop();
    await reaper.stop();
    console.log('stopped');
  }
  if (order === 'exit') process.exit(1);
}
