import type { AgentRow } from '../../agent/agent.ts';
import type { AgentDriver } from '../../agent/driver.ts';
import { CodeframeError } from '../../failure.ts';
import type { AgentDriverOptions } from './agent-options.ts';
import { AgentSeat } from './agent-seat.ts';
import { AgentWork } from './agent-work.ts';
import { speaks } from './choose-model.ts';
import type { Quirk, Vendor } from './quirk.ts';

/** Runs agents that others wrote, with the model calls through codeframe's gateway. One driver for each kind of agent. */
export function createAgentDriver(options: AgentDriverOptions, quirk: Quirk): AgentDriver {
  return {
    name: quirk.name,
    async check(agent) {
      checkModel(quirk, agent);
      AgentSeat.find(options, quirk, agent);
    },
    begin: (job) => new AgentWork(options, quirk, job),
  };
}

function checkModel(quirk: Quirk, agent: AgentRow): void {
  const { model, baseUrl } = agent.settings;
  if (model === undefined) {
    if (quirk.vendor !== null || quirk.name === 'acp') return;
    const problem = `${quirk.title} needs a model: give the agent one with --model VENDOR:MODEL`;
    throw new CodeframeError({ code: 'unknown-model', model: '(none)', problem });
  }
  const [vendor = ''] = model.split(':');
  if (baseUrl !== undefined || vendor === 'recorded') return;
  if (['anthropic', 'openai', 'google'].includes(vendor) && speaks(quirk, vendor as Vendor)) return;
  const problem = `${quirk.title} does not speak to ${vendor}; with --base-url it takes any server that speaks ${quirk.protocols.join(' or ')}`;
  throw new CodeframeError({ code: 'unknown-model', model, problem });
}
