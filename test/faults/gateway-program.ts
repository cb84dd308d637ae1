import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openGatewayPlace } from '../../src/adapters/gateway-http/gateway-place.ts';
import { openGateway } from '../../src/adapters/gateway-http/http-gateway.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { WireProtocol } from '../../src/gateway/gateway.ts';
import { silentLog } from '../../src/log.ts';
import { StoreAgentSession } from '../../src/runner/agent-session.ts';
import { StepGate } from '../../src/runner/step-gate.ts';
import { AgentMemory } from '../rig/agent-memory.ts';
import { agentRow, taskRow } from '../rig/memory-session.ts';

/**
 * A gateway over the memory in a directory, until it is killed or its input ends. Says its line's address; takes `hold`.
 * `gateway-program.mjs DIR PROTOCOL PROVIDER`.
 */
const [dir = '', protocol = '', baseUrl = ''] = process.argv.slice(2);
const memory = await AgentMemory.open(dir);
const session = new StoreAgentSession(
  { ...memory.ports, flashSave: { off: true, target: 0.4, threshold: 0.8 } },
  { agent: agentRow(), task: taskRow(), fence: { ownerId: 'o1', epoch: 1 }, gate: new StepGate() },
);
const place = openGatewayPlace(join(dir, 'gateway.json'));
const gateway = openGateway({
  log: silentLog,
  clock: systemClock,
  findPriced: () => null,
  place,
  noOpMs: 20,
});
const providers = [{ protocol: protocol as WireProtocol, baseUrl, recorded: false }];
const line = await gateway.open({ agent: 'ada', session, providers });
writeSync(1, `${line.baseUrl}\n`);
for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'hold') line.hold();
  writeSync(1, `${word}\n`);
}
await gateway[Symbol.asyncDispose]();
await memory.store.close();
